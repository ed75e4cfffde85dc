#!/usr/bin/env bash
# Installs what the tests need and wheels do not hold. Where that is not possible it says so and the
# tests run without; tests.suite then names what was not run.
set -euo pipefail

declare -A program=([dovecot-imapd]=dovecot [dovecot-lmtpd]=/usr/lib/dovecot/lmtp [chromium]=chromium [isync]=mbsync)
missing=()
for package in "${!program[@]}"; do
  PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "${program[$package]}" >/dev/null || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "Installing ${missing[*]} ..."
  export DEBIAN_FRONTEND=noninteractive
  if apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    exit 0
  fi
  echo "They could not be installed; the tests go on without." >&2
else
  echo "Not installed, and only root with apt can: ${missing[*]}. The tests go on without." >&2
fi
