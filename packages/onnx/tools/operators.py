"""Writes src/operators.generated.ts: the versions, input counts and attribute types of every standard operator.

Run with a Python that has the `onnx` package (made with 1.23.2):  python packages/onnx/tools/operators.py
"""

from collections import defaultdict
from pathlib import Path

import onnx
from onnx import defs

LETTER = {
    "FLOAT": "f", "INT": "i", "STRING": "s", "TENSOR": "t", "GRAPH": "g", "SPARSE_TENSOR": "p", "TYPE_PROTO": "y",
    "FLOATS": "F", "INTS": "I", "STRINGS": "S", "TENSORS": "T", "GRAPHS": "G", "SPARSE_TENSORS": "P", "TYPE_PROTOS": "Y",
}

schemas = [s for s in defs.get_all_schemas_with_history() if s.domain == ""]
operators = defaultdict(list)
for schema in schemas:
    operators[schema.name].append(schema)

lines = []
for name in sorted(operators):
    history = sorted(operators[name], key=lambda s: s.since_version)
    versions = ",".join(f"{s.since_version}{'x' if s.deprecated else ''}" for s in history)
    least = min(s.min_input for s in history if not s.deprecated)
    most = max(s.max_input for s in history if not s.deprecated)
    results = max(s.max_output for s in history if not s.deprecated)
    unbounded = lambda count: "*" if count > 1000 else str(count)
    types = defaultdict(set)
    for schema in history:
        for attribute in schema.attributes.values():
            types[attribute.name].add(LETTER[attribute.type.name])
    attributes = " ".join(f"{key}:{''.join(sorted(types[key]))}" for key in sorted(types))
    lines.append(f"{name} {versions} {least}-{unbounded(most)}>{unbounded(results)} {attributes}".rstrip())

out = Path(__file__).parents[1] / "src" / "operators.generated.ts"
body = "\n".join(lines)
out.write_text(
    f"""// Made by packages/onnx/tools/operators.py from onnx {onnx.__version__} (opset {defs.onnx_opset_version()}). Do not edit.
/** One line an operator: name, the versions that changed it (x: removed), inputs least-most>outputs, attribute:types. */
export const OPERATOR_TABLE = `{body}`;
export const NEWEST_OPSET = {defs.onnx_opset_version()};
"""
)
print(len(lines), "operators")
