#!/usr/bin/env bash
# Sets up the Python peers that tests, reference values and benchmarks compare against.
#
#   tools/peers/install.sh [torch] [tensorflow]      (both by default)
#
# Each environment is a virtual environment outside the tree, ${SEEWHY_PEERS:-~/.cache/seewhy}/<name>, made from the
# pinned list tools/peers/<name>.txt. A stamp file holds the hash of that list: a second call does nothing.
# Python 3.11 or newer; another interpreter through PYTHON=python3.12.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${SEEWHY_PEERS:-$HOME/.cache/seewhy}
python=${PYTHON:-python3}

fail() { echo "peers: $*" >&2; exit 1; }

check_python() {
  command -v "$python" >/dev/null || fail "no $python found. On Debian: apt-get install python3 python3-venv"
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old: 3.11 or newer is needed (set PYTHON to another interpreter)"
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "$python cannot make virtual environments. On Debian: apt-get install python3-venv"
}

hash_of() { cat "$@" | sha256sum | cut -d' ' -f1; }

pip_install() { # environment, arguments…: quiet, but the last lines are shown if it fails
  local env=$1 log="$1.log"; shift
  "$env/bin/python" -m pip install --disable-pip-version-check --no-input "$@" >>"$log" 2>&1 ||
    { grep -v '^WARNING: Location' "$log" | tail -n 15 >&2; fail "pip install $* failed; the whole log is $log"; }
}

install() {
  local name=$1 list="$here/$1.txt" env="$root/$1"
  [ -f "$list" ] || fail "unknown environment '$name'; there are: torch tensorflow"
  local stamp="$env/seewhy-stamp" want
  want=$(hash_of "$list" "$here/sitecustomize.py" "$here/install.sh")
  if [ "$(cat "$stamp" 2>/dev/null || true)" = "$want" ]; then
    echo "peers: $name is ready in $env"
    return
  fi
  echo "peers: installing $name into $env (some minutes)"
  check_python
  mkdir -p "$root"
  : >"$env.log"
  [ -x "$env/bin/python" ] || "$python" -m venv "$env" >>"$env.log" 2>&1 || fail "could not make $env; see $env.log"
  if [ "$name" = torch ]; then
    # torch first and with its dependencies (a CUDA build from the public index needs its nvidia-* packages). To get the
    # CPU build, offer it to pip through PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL: its version 2.13.0+cpu is then preferred.
    pip_install "$env" "$(grep '^torch==' "$list")" --constraint "$list"
  fi
  # The list is complete (made with `pip freeze`), so --no-deps: torchvision must not pull in another torch, tf_keras not a
  # second tensorflow beside tensorflow-cpu, grad-cam and tf-explain not opencv-python (which wants a display's libraries).
  pip_install "$env" --no-deps --requirement "$list"
  if [ "$name" = torch ]; then
    cp "$here/sitecustomize.py" "$("$env/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/"
    "$env/bin/python" -c 'import torch, torchvision, timm, captum, torchcam, pytorch_grad_cam, lime, shap, saliency, skimage, onnxruntime' >>"$env.log" 2>&1 ||
      { tail -n 5 "$env.log" >&2; fail "the packages of $name do not import"; }
  else
    "$env/bin/python" -c 'import tensorflow, keras, tf_explain, tf_keras_vis, xplique, tf2onnx, onnxruntime' >>"$env.log" 2>&1 ||
      { tail -n 5 "$env.log" >&2; fail "the packages of $name do not import"; }
  fi
  echo "$want" >"$stamp"
  echo "peers: $name is ready in $env"
}

command -v sha256sum >/dev/null || fail "sha256sum is missing. On Debian: apt-get install coreutils"
[ $# -gt 0 ] || set -- torch tensorflow
for name in "$@"; do install "$name"; done
