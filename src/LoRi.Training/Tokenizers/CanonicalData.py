"""Writes CanonicalData.txt, the data of normal form C, from Python's copy of the Unicode Character Database.

    python3 CanonicalData.py > CanonicalData.txt
"""

import sys
import textwrap
import unicodedata

HANGUL = range(0xAC00, 0xD7A4)  # composed by rule, not by table
classes, decompositions = [], []
for code in range(sys.maxunicode + 1):
    character = chr(code)
    if combining := unicodedata.combining(character):
        classes.append(f"{code:X}:{combining}")
    mapping = unicodedata.decomposition(character)
    if mapping and not mapping.startswith("<") and code not in HANGUL:
        kept = unicodedata.normalize("NFC", character) == character and " " in mapping
        parts = "+".join(f"{int(part, 16):X}" for part in mapping.split())
        decompositions.append(f"{code:X}{'=' if kept else '>'}{parts}")

print(f"# Unicode {unicodedata.unidata_version}: canonical combining classes (code:class) and canonical decompositions,")
print("# code=parts where the parts compose again, code>parts where they do not. Made by CanonicalData.py.")
print("\n".join(textwrap.wrap(" ".join(classes + decompositions), 160)))
