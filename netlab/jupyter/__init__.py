"""Jupyter, with the notebook's kernel and the terminals in the lab host."""

import sys

# jsonschema would import it if it could, and that compiles a grammar for seconds, to check a format (iri) for
# which no schema of Jupyter's asks. None makes the import fail, as where it is not installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
