#!/usr/bin/env bash
# Makes packages/onnx/src/proto/onnx-ml_pb.ts from the schema that ships inside the PyPI package `onnx`.
# Needs: pip, unzip, protoc (Debian: protobuf-compiler), and the workspace's own protoc-gen-es.
set -euo pipefail
cd "$(dirname "$0")/../.."
version=${1:-1.23.2}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip -q download --no-deps --dest "$work" "onnx==$version"
unzip -q -o "$work"/onnx-*.whl 'onnx/onnx-ml.proto' -d "$work"
protoc --plugin=node_modules/.bin/protoc-gen-es --es_out=packages/onnx/src/proto --es_opt=target=ts,import_extension=none \
  --proto_path="$work/onnx" "$work/onnx/onnx-ml.proto"
echo "packages/onnx/src/proto/onnx-ml_pb.ts made from onnx $version"
