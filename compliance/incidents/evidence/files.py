"""The sealed files of evidence on disk (ENC-2)."""

from plugseller.crypto.sealedfolder import SealedFolder

files = SealedFolder("EVIDENCE_FOLDER")
