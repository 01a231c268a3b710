"""Writes CanonicalData.txt, the data of normal form C, from Python's copy of the Unicode Character Database.

    python3 CanonicalData.py > CanonicalData.txt

The `tokenizers` library, which defines what is to come out, normalises by Unicode 9. What later versions gave a combining class or a
decomposition is therefore left out: LATER lists it, as ranges.
"""

import sys
import textwrap
import unicodedata

LATER = (
    "7FD 898-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE 1DF6-1DFA A82C 10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85 11070 1133B 1145E "
    "11839-1183A 11938-11943 119E0 11A34 11A47 11A99 11D42-11D45 11D97 16FF0-16FF1 1E130-1E136 1E2AE 1E2EC-1E2EF"
)
later = set()
for part in LATER.split():
    first, _, last = part.partition("-")
    later.update(range(int(first, 16), int(last or first, 16) + 1))

HANGUL = range(0xAC00, 0xD7A4)  # composed by rule, not by table
classes, decompositions = [], []
for code in sorted(set(range(sys.maxunicode + 1)) - later):
    character = chr(code)
    if combining := unicodedata.combining(character):
        classes.append(f"{code:X}:{combining}")
    mapping = unicodedata.decomposition(character)
    if mapping and not mapping.startswith("<") and code not in HANGUL:
        kept = unicodedata.normalize("NFC", character) == character and " " in mapping
        parts = "+".join(f"{int(part, 16):X}" for part in mapping.split())
        decompositions.append(f"{code:X}{'=' if kept else '>'}{parts}")

print(f"# Unicode 9 (from {unicodedata.unidata_version}): canonical combining classes (code:class) and canonical decompositions,")
print("# code=parts where the parts compose again, code>parts where they do not. Made by CanonicalData.py.")
print("\n".join(textwrap.wrap(" ".join(classes + decompositions), 160)))
