"""The sealed files of packages on disk (ENC-2)."""

from plugseller.crypto.sealedfolder import SealedFolder

files = SealedFolder("EXPORT_FOLDER")
