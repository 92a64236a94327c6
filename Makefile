# make demo    everything, with made-up sellers and simulated marketplaces
#              PORT=8000 picks the port; SERVE=no stops after the summary
# make code    the code that signs somebody of the demonstration in: WHO=alice
# make test    the whole suite; DATABASE_URL=postgres://... runs it on PostgreSQL
# make lint    style, types, floors, templates, migrations, production settings
# make lock    pin pyproject.toml's dependencies anew
# make venv    .venv with everything that tests and linters need

PYTHON ?= python3
PORT ?= 8000
SERVE ?= yes
WHO ?= alice
BIN := .venv/bin

.PHONY: demo code test lint lock venv
.SILENT:
.DELETE_ON_ERROR: # half a virtual environment is made anew

demo: .venv/.installed
	PLUGSELLER_ENV=demo exec $(BIN)/python manage.py demo --port $(PORT) \
		$(if $(filter no,$(SERVE)),--no-serve)

code: .venv/.installed
	PLUGSELLER_ENV=demo $(BIN)/python manage.py demo --code "$(WHO)"

test: .venv/.installed-dev
	$(BIN)/pytest -n 3 --dist worksteal # neighbours share what is made for them

lint: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint --lint --quiet templates
	home=$$(mktemp -d) && trap 'rm -rf "$$home"' EXIT && \
	export PLUGSELLER_HOME="$$home/var" PLUGSELLER_ENV=production DATABASE_URL= \
		ALLOWED_HOSTS=seller.example.org PUBLIC_ADDRESS=https://seller.example.org \
		MAIL_HOST=smtp.example.org && \
	$(BIN)/python manage.py init >/dev/null && \
	$(BIN)/python manage.py makemigrations --check --dry-run && \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

lock: .venv/.installed-dev
	$(BIN)/python .ci/lock

venv: .venv/.installed-dev

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"Plug Seller needs Python 3.11 or newer: make PYTHON=/path/to/python3.11")'
	echo "Making the virtual environment .venv"
	$(PYTHON) -m venv .venv

# The pinned files name a hash for each package; pip refuses any other content.
.venv/.installed: requirements.txt | .venv/bin/python
	echo "Installing the pinned dependencies"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements.txt
	touch $@

.venv/.installed-dev: requirements.txt requirements-dev.txt | .venv/bin/python
	echo "Installing the pinned dependencies, those of tests and linters too"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-dev.txt
	touch .venv/.installed $@
