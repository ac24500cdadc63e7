"""What the product is made of and who wrote it: `make sbom`, `make notice`, `make secrets`.

* lock.py: the locks, with hashes, and the licence each distribution names
* bom.py: a bill of materials (CycloneDX)
* notice.py: the file NOTICE
* secret_scan.py: looks through everything that is committed for secrets
"""
