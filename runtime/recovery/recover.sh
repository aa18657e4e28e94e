#!/bin/sh
# grill-backup offline recovery, version 1
#
# Verifies, extracts and restores an archive of grill-backup without grill-backup, and makes a data directory of a base and
# its log. Needs a POSIX shell, openssl 3, tar, gzip (zstd for *.zst*), awk, sed, od, dd, and the database's own tools. See README.txt beside this file, or `recover.sh help`.
set -eu
LC_ALL=C
export LC_ALL
umask 077

usage() {
  cat <<'END'
usage: recover.sh verify  ARCHIVE [--key-file FILE]
       recover.sh verify  BASE    [--key-file FILE]... --log FOLDER
       recover.sh extract ARCHIVE [--key-file FILE] --into FOLDER
       recover.sh restore ARCHIVE [--key-file FILE] --into WHERE
       recover.sh wal     BASE    [--key-file FILE]... --log FOLDER --into FOLDER [--to WHEN | --before-xid ID]

ARCHIVE     <name>.tar.gz.enc or .tar.zst.enc; its manifest, <archive>.manifest.json, lies beside it, and the parts that the
            manifest names, if any, in ../parts/<target> (../../parts/<target> of weekly and monthly archives)
BASE        base_<time>.tar.gz.enc or .tar.zst.enc, of PostgreSQL; verify and extract take it as well
--key-file  file whose first line is the passphrase (encryption-key of backup-encryption-secret); one for each key
            that base and log were made with
--log       folder wal/<target> of the store, or a copy of it
--into      extract: a folder that is empty or new
            restore: PostgreSQL   name of a new database; the server is that of PGHOST, PGPORT, PGUSER, PGPASSWORD
                     Redis        host:port of a running server on this machine, whose data is replaced
                                  (REDISCLI_AUTH is its password), or an empty folder for the data of a new one
                     InfluxDB 1.x host:port of the RPC service (8088) of a server that lacks the databases
                     InfluxDB 2.x http://host:port of a new server that was set up; all that it holds is replaced
                                  (INFLUX_TOKEN is its operator token)
            wal: a data directory that is empty or new, for a server of the same major version
--to        a time in UTC ('2026-11-28 03:14:00'), a position of the log (0/16B3748), or latest, which is the default
--before-xid  the instant just before this transaction was committed

verify proves passphrase, manifest and every byte of the archive. extract and restore do the same, and use nothing before.
wal does so too, proves each piece of the log before it is opened, and has pg_verifybackup compare every file of the base.
END
}

# Names in an archive are what somebody chose: none of their control characters gets to the terminal, nor, as UTF-8, C1,
# separators of lines and marks that change the direction of writing.
printable() {
  tr '\001-\010\013-\037\177' '[?*]' |
    awk '{ gsub(/\302[\200-\237]|\330\234|\342\200[\216\217\250-\256]|\342\201[\246-\251]/, "?"); print }'
}
# Later lines of a message are indented, so that none looks like another's.
say() { printf '%s\n' "$*" | printable | sed '2,$s/^/  /' >&2; }
# Runs a program of the database. What it says may be text of the archive: it is shown as such, every line indented.
relayed() {
  status=0
  "$@" 2>"$tmp/said" || status=$?
  printable <"$tmp/said" | sed 's/^/  /' >&2
  return "$status"
}
# shellcheck disable=SC2317 # called by die and traps
clean_up() {
  [ -z "${replica:-}" ] || redis REPLICAOF NO ONE >/dev/null || :
  [ -z "${server:-}" ] || kill "$server" 2>/dev/null || :
  [ -z "${staged:-}" ] || rm -rf "$staged"
  [ -z "${spaces:-}" ] || rm -rf "$spaces"
  [ -z "${tmp:-}" ] || rm -rf "$tmp"
}
die() { say "error: $*"; exit 1; }
need() { command -v "$1" >/dev/null 2>&1 || die "program $1 is needed and not in PATH"; }

# --- manifest -------------------------------------------------------------------------------------------------------

# Text of a JSON string. For ordering, a control character becomes two that every awk can hold.
# shellcheck disable=SC2016 # an awk program
text_awk='
function digit(c) { return index("0123456789abcdef", c) - 1 }
function character(c, ordering,   code) {
  if (c == "\"" || c == "\\") return c
  code = length(c) == 1 ? index(".......btn.fr", c) : 16 * digit(substr(c, 4, 1)) + digit(substr(c, 5, 1))
  return ordering ? "\001" sprintf("%c", 32 + code) : sprintf("%c", code)
}
# At each backslash at once: to cut off one escape after the other would copy the rest as often as there are any.
function decode(token, ordering,   parts, n, i, size, out) {
  if (token ~ /^"/) token = substr(token, 2, length(token) - 2)
  n = split(token, parts, /\\/)
  out = parts[1]
  for (i = 2; i <= n; i++)
    if (parts[i] == "") out = out "\\" parts[++i]
    else {
      size = parts[i] ~ /^u/ ? 5 : 1
      out = out character(substr(parts[i], 1, size), ordering) substr(parts[i], size + 1)
    }
  return out
}'

# Reads a manifest in the one form that the program writes, JSON.stringify(manifest, null, 1): one value a line.
# Prints every scalar outside arrays as "F path<TAB>raw value", every element of seal.segments as "S value", every entry
# as "E name<TAB>bytes", every part as "P id<TAB>entry<TAB>bytes<TAB>compression<TAB>salt<TAB>sealed bytes" after
# its segments as "Q value", and last, of the same values, the canonical form without the field mac as "C text"; or "X why".
# `rule` says whether a place may hold a value, `fields` how many fields an object must have.
# shellcheck disable=SC2016 # an awk program
json_awk='
function fail(why) { if (!failed++) print "X line " NR ": " why; exit 1 }
# A key as ECMAScript orders it, by units of UTF-16: what begins with EE or EF in UTF-8 comes after surrogates.
function rank(token) {
  token = decode(token, 1)
  gsub(/\356/, "\375", token); gsub(/\357/, "\376", token)
  return token
}
# Sorts what was collected from place lo up to hi by its names.
function sort(lo, hi,   mid, i, j, k) {
  if (hi - lo < 2) return
  mid = int((lo + hi) / 2); sort(lo, mid); sort(mid, hi)
  for (k = lo; k < hi; k++) { old_name[k] = name[k]; old_item[k] = item[k] }
  i = lo; j = mid
  for (k = lo; k < hi; k++)
    if (j >= hi || i < mid && old_name[i] <= old_name[j]) { name[k] = old_name[i]; item[k] = old_item[i++] }
    else { name[k] = old_name[j]; item[k] = old_item[j++] }
}
# By halves: adding one item after the other would copy the text as often as there are items.
function join(lo, hi,   mid) {
  if (hi - lo < 2) return hi > lo ? item[lo] : ""
  mid = int((lo + hi) / 2)
  return join(lo, mid) "," join(mid, hi)
}
function place_of(d) {
  if (d == 0) return ""
  if (kind[d] == "[") return place[d] "[]"
  if (place[d] ~ /^(server\.tools|fingerprint(\.\*)?|parts\[\]\.facts)$/) return place[d] ".*"
  if (key[d] !~ /^"[A-Za-z0-9]+"$/) return "?"
  return (place[d] == "" ? "" : place[d] ".") shown[d]
}
function path(   d, p) {
  for (d = 1; d <= depth; d++) if (kind[d] == "{") p = p (p == "" ? "" : ".") shown[d]
  return p
}
function put(value) {
  if (depth == 0) { whole = value; done = 1; return }
  elements[depth]++
  if (depth == 1 && key[1] == "\"mac\"") { if (macs++) fail("a key twice"); return }
  if (kind[depth] == "{") { name[top] = rank(key[depth]); value = key[depth] ":" value }
  item[top++] = value
}
function open_one(bracket,   at) {
  at = place_of(depth)
  if (!rule(at, bracket)) fail("a value that does not belong there")
  if (++containers > 250000) fail("more values than the program writes")
  depth++
  kind[depth] = bracket; place[depth] = at; base[depth] = top; elements[depth] = found[depth] = 0; last_index[depth] = -1
}
function close_one(   i, text) {
  text = "["
  if (kind[depth] == "{") {
    text = "{"
    sort(base[depth], top)
    for (i = base[depth] + 1; i < top; i++) if (name[i] == name[i - 1]) fail("a key twice")
    if (found[depth] != fields(place[depth])) fail("a field is missing or there twice")
    if (place[depth] == "entries[]") print "E " entry "\t" entry_bytes
    if (place[depth] == "parts[]") print "P " part["id"] "\t" part["entry"] "\t" part["bytes"] "\t" part["compression.algorithm"] "\t" part["salt"] "\t" part["seal.bytes"]
    if (depth == 1 && parted != (format == "2" ? 2 : 0)) fail("a field is missing or there twice")
  }
  text = text join(base[depth], top) (text == "{" ? "}" : "]")
  top = base[depth--]
  put(text)
}
# ECMAScript writes keys that could index an array first, in order.
function take_key(token,   i) {
  if (++keys > 600000) fail("more values than the program writes")
  if (length(token) > 4096 + 2) fail("a key of more than 4096 bytes")
  i = token ~ /^"(0|[1-9][0-9]*)"$/ && length(token) < 13 ? decode(token) + 0 : 4294967295
  if (i < 4294967295 && i <= last_index[depth]) fail("a key out of order")
  last_index[depth] = i
  key[depth] = token
  shown[depth] = decode(token)
}
function scalar(value,   at) {
  at = place_of(depth)
  if (length(value) > 1048575 + 2) fail("a text of more than 1048575 bytes")
  if (!rule(at, value)) fail("a value that does not belong there")
  if (at == "seal.segments[]") print "S " decode(value)
  else if (at == "entries[].name") entry = decode(value)
  else if (at == "entries[].bytes") entry_bytes = value
  else if (at == "parts[].seal.segments[]") print "Q " decode(value)
  else if (at ~ /^parts\[\]\./) part[substr(at, 9)] = decode(value)
  else if (at !~ /\[/) print "F " path() "\t" value
  put(value)
}
function is_utf8(s) {
  if (s !~ /[\200-\377]/) return 1
  gsub(/[\302-\337][\200-\277]/, "x", s)
  gsub(/\340[\240-\277][\200-\277]|\355[\200-\237][\200-\277]|[\341-\354\356\357][\200-\277][\200-\277]/, "x", s)
  gsub(/\360[\220-\277][\200-\277][\200-\277]|\364[\200-\217][\200-\277][\200-\277]/, "x", s)
  gsub(/[\361-\363][\200-\277][\200-\277][\200-\277]/, "x", s)
  return s !~ /[\200-\377]/
}
BEGIN {
  string = "\"([^\"\\\\]|\\\\[\"\\\\bfnrt]|\\\\u00(0[0-7bef]|1[0-9a-f]))*\""
  a_key = "^" string ": "
  a_scalar = "^(" string "|-?(0|[1-9][0-9]*)(\\.[0-9]*[1-9])?|true|false|null)$"
  depth = top = comma = 0
}
{
  if (done) fail("text after the document")
  if (length($0) > 1100000) fail("a longer line than the program writes")
  if (!is_utf8($0)) fail("it is not UTF-8")
  match($0, /^ */)
  spaces = RLENGTH
  line = substr($0, spaces + 1)
  closes = line ~ /^[]}]/
  if (spaces != depth - closes) fail("another indentation than the program writes")
  if (depth && comma == (closes || !elements[depth])) fail("a comma too many or too few")
  if (closes) {
    if (!depth || !elements[depth] || substr(line, 1, 1) != (kind[depth] == "{" ? "}" : "]")) fail("a bracket too many")
    comma = depth > 1 && line ~ /^.,$/
    if (length(line) != 1 + comma) fail("text after a bracket")
    close_one()
    next
  }
  if (depth && kind[depth] == "{") {
    if (!match(line, a_key)) fail("no key of the form that the program writes")
    token = substr(line, 1, RLENGTH - 2)
    line = substr(line, RLENGTH + 1)
    take_key(token)
  }
  if (line == "{" || depth && line == "[") { comma = 0; open_one(line); next }
  comma = depth > 0 && sub(/,$/, "", line)
  if (depth && (line == "{}" || line == "[]")) { open_one(substr(line, 1, 1)); close_one(); next }
  if (!depth || line !~ a_scalar) fail("no value of the form that the program writes")
  scalar(line)
}
END { if (!failed) print (done ? "C " whole : "X it is cut short") }'

# What each field of a manifest may hold: the table of FORMAT.md. `?` behind a place: may be absent.
# shellcheck disable=SC2016 # an awk program
manifest_awk='
function natural(v) { return v ~ /^(0|[1-9][0-9]*)$/ && (length(v) < 16 || length(v) == 16 && v "" <= "9007199254740991") }
function integer(v) { return v != "-0" && natural(substr(v, v ~ /^-/ ? 2 : 1)) }
function digits(s) { sub(/e.*/, "", s); gsub(/[.-]/, "", s); sub(/^0+/, "", s); sub(/0+$/, "", s); return s }
# The shortest decimal that is read as the same number, as ECMAScript writes it.
function seconds(v,   p, s) {
  for (p = 1; p < 18; p++) { s = sprintf("%." p "g", v); if (s + 0 == v + 0) break }
  return v ~ /^[0-9]/ && digits(s) == digits(v) && (v == "0" || v + 0 >= 0.000001 && v + 0 < 1000000000)
}
function hex(v, size) { return length(v) == size + 2 && v ~ /^"[0-9a-f]*"$/ }
function file(v) { return v ~ /^"[^\\]*"$/ && "/" substr(v, 2, length(v) - 2) "/" !~ /\/\.?\.?\// }
function time(v) { return length(v) == 26 && v ~ date && v ~ /T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9][0-9][0-9]Z"$/ }
function rule(at, v,   type) {
  if (!(at in type_of)) return 0
  if (at in needed) found[depth]++
  type = type_of[at]
  if (at == "format") format = v
  if (at == "format" && v != "1" && v != "2" && natural(v)) fail("format " v ", this script knows formats 1 and 2")
  if (at == "parts" || at == "notes") parted++
  if (type ~ /^hex/) return hex(v, substr(type, 4))
  if (type == "salt") return v == "null" || hex(v, 16)
  if (type == "id") return v ~ /^"[a-z0-9-]+"$/
  if (type == "text") return v ~ /^"/
  if (type == "count") return natural(v)
  if (type == "ordinal") return natural(v) && v != "0"
  if (type == "system") return v ~ /^"[1-9][0-9]*"$/ && length(v) <= 22
  if (type == "integer") return integer(v)
  if (type == "measure") return v ~ /^"/ || integer(v)
  if (type == "seconds") return seconds(v)
  if (type == "file") return file(v)
  if (type == "time") return time(v)
  return index("/" type "/", "/" v "/") > 0
}
function fields(at) { return wanted[at] + 0 }
BEGIN {
  date = "^\"(([0-9][0-9][2468][048]|[0-9][0-9][13579][26]|[0-9][0-9]0[48]|[02468][048]00|[13579][26]00)-02-29|" \
    "[0-9][0-9][0-9][0-9]-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])))T"
  base_rules = "base {,base.kind \"base\"/\"rolled\"/\"increment\",base.systemIdentifier system,base.timeline ordinal,base.startLsn hex16," \
    "base.redoLsn hex16,base.endLsn hex16,base.checksums true/false,base.rolledFrom? hex32,base.walThrough? hex16,base.incrementOf? hex32,"
  type_of[""] = "{"
  sealed = ".id hex32,.bytes count,.storedAt time,.compression {,.compression.algorithm \"gzip\"/\"zstd\",.compression.level integer," \
    ".salt salt,.seal {,.seal.bytes count,.seal.sha256 hex64,.seal.segmentBytes 4194304,.seal.segments [,.seal.segments[]? hex64"
  part_rules = notes_rules = "," sealed
  gsub(/,\./, ",parts[].", part_rules)
  gsub(/,\./, ",notes.", notes_rules)
  parts_rules = ",parts? [,parts[]? {,parts[].entry file,parts[].facts {,parts[].facts.*? measure,notes? {/null" part_rules notes_rules
  n = split("format " (document == "base" ? "1" : "1/2") ",id hex32,environment text,target text,engine text,archive text," \
    (document == "base" ? base_rules : "tier \"daily\"/\"hourly\"/\"weekly\"/\"monthly\"/\"safety\",fingerprint {,fingerprint.*? {,fingerprint.*.*? measure,") \
    "program text," \
    "server {,server.product text,server.version text,server.tools {,server.tools.*? text," \
    "startedAt time,finishedAt time,sourceBytes count,archiveBytes count," \
    "compression {,compression.algorithm \"gzip\"/\"zstd\",compression.level integer," \
    "encryption {/null,encryption.keyId id,encryption.cipher \"aes-256-cbc\",encryption.kdf \"pbkdf2-hmac-sha256\"," \
    "encryption.iterations 100000,encryption.salt hex16,encryption.macSalt hex32,encryption.keyCheck hex64," \
    "seal {,seal.bytes count,seal.sha256 hex64,seal.segmentBytes 4194304,seal.segments [,seal.segments[]? hex64," \
    "entries [,entries[]? {,entries[].name file,entries[].bytes count," \
    "verifications [,verifications[]? {,verifications[].at time,verifications[].level \"deep\"/\"drill\"," \
    "verifications[].ok true/false,verifications[].seconds? seconds,verifications[].problem? text,mac hex64" (document == "base" ? "" : parts_rules), rules, ",")
  for (i = 1; i <= n; i++) {
    split(rules[i], words, " ")
    at = words[1]; optional = sub(/\?$/, "", at)
    type_of[at] = words[2]
    if (optional) continue
    needed[at] = 1
    if (!sub(/\.[^.]*$/, "", at)) at = ""
    wanted[at]++
  }
}'

# Value of a field in what json_awk printed into file $1, without quotes; empty where it is absent.
lookup() {
  awk -F '\t' -v path="F $2" "$text_awk"' $1 == path { printf "%s", decode($2); exit }' "$1"
}
field() { lookup "$tmp/manifest" "$1"; }

max_manifest_bytes=67108864
max_manifest_lines=1048576

# Why the manifest in $1 is none; else what json_awk prints of it is in $tmp/manifest.
manifest_problem() {
  bytes=$(wc -c <"$1")
  [ "$((bytes))" -le "$max_manifest_bytes" ] || { echo "it has more than $max_manifest_bytes bytes"; return; }
  [ "$(tr -cd '\n' <"$1" | wc -c)" -le "$max_manifest_lines" ] || { echo "it has more than $max_manifest_lines lines"; return; }
  [ "$(tr -d '\n\040-\377' <"$1" | wc -c)" -eq 0 ] || { echo "it holds control characters"; return; }
  [ "$(tail -c 2 <"$1")" = "}" ] || { echo "it is cut short"; return; }
  awk -v document="$document" "$text_awk$json_awk$manifest_awk" <"$1" >"$tmp/manifest" || :
  sed -n 's/^X //p' "$tmp/manifest"
}

# Reads the manifest once, and no more of it than a manifest may have.
read_manifest() {
  [ -f "$archive" ] || die "there is no archive $archive"
  [ -f "$archive.manifest.json" ] || die "manifest $archive.manifest.json is missing: an archive without it was never finished"
  dd bs=65536 count=$((max_manifest_bytes / 65536 + 1)) <"$archive.manifest.json" >"$tmp/manifest.json" 2>/dev/null ||
    die "manifest $archive.manifest.json cannot be read"
  problem=$(manifest_problem "$tmp/manifest.json")
  [ -z "$problem" ] || die "the manifest cannot be read: $problem"
  sed -n 's/^C //p' "$tmp/manifest" | tr -d '\n' >"$tmp/canonical"
  sed -n 's/^S //p' "$tmp/manifest" >"$tmp/segments"
  sed -n 's/^E //p' "$tmp/manifest" >"$tmp/entries"
  sed -n 's/^P //p' "$tmp/manifest" >"$tmp/parts-listed"
  sed -n 's/^Q //p' "$tmp/manifest" >"$tmp/part-segments"
}

# The name tells how an archive was written, and the manifest has to agree: one in the clear is never taken for another.
check_form() {
  case $(field compression.algorithm) in gzip) suffix=.tar.gz ;; *) suffix=.tar.zst ;; esac
  if [ "$(field encryption)" = null ]; then
    [ -z "$key_file" ] || die "the archive is not encrypted, but a key is given: leave out --key-file only if archives were stored in the clear"
  else
    suffix=$suffix.enc
  fi
  case $archive in
    *"$suffix") ;;
    *) die "the archive is not what its name says: by its manifest, the name ends in $suffix" ;;
  esac
}

# --- keys and digests -----------------------------------------------------------------------------------------------

# Hexadecimal digits as the octal escapes of printf, each byte exclusive-or the number $1.
escapes() {
  awk -v pad="$1" 'function bit(a, b, i, r, p) { r = 0; p = 1
      for (i = 0; i < 8; i++) { if (a % 2 != b % 2) r += p; a = int(a / 2); b = int(b / 2); p *= 2 } return r }
    { for (i = 1; i < length($0); i += 2) {
        high = index("0123456789abcdef", substr($0, i, 1)) - 1; low = index("0123456789abcdef", substr($0, i + 1, 1)) - 1
        printf "\\%03o", bit(high * 16 + low, pad) } }'
}

digest() { openssl dgst -sha256 -r | cut -c 1-64; }

# The 32 byte key $1, in hexadecimal, for `mac`; none where it is empty. As escapes of printf, which is part of the
# shell, it stays out of the list of processes.
use_key() {
  inner_pad=
  [ -n "$1" ] || return 0
  padded=$1$(printf '%064d' 0)
  inner_pad=$(printf '%s\n' "$padded" | escapes 54)
  outer_pad=$(printf '%s\n' "$padded" | escapes 92)
}

# HMAC-SHA-256 of standard input, as RFC 2104 has it; without a key, plain SHA-256.
# shellcheck disable=SC2059 # the escapes are the format
mac() {
  if [ -z "$inner_pad" ]; then digest; return; fi
  { printf "$inner_pad"; cat; } | openssl dgst -sha256 -binary >"$tmp/inner"
  { printf "$outer_pad"; cat "$tmp/inner"; } | digest
}

# Rounds of PBKDF2 in format 1: a manifest that names another number is refused before any round.
rounds=100000

# 64 bytes of PBKDF2-HMAC-SHA-256 of the passphrase in $tmp/key with the salt $1, in hexadecimal. python3 and perl read it from the file;
# openssl kdf takes it as an argument alone, which the list of processes shows, so it comes last. python3 -I: without
# it, python would run a hashlib.py that lies in the folder where the script was started.
pbkdf2() {
  salt=$1
  python3 -I -c 'import hashlib, sys
_, file, rounds, salt = sys.argv
print(hashlib.pbkdf2_hmac("sha256", open(file, "rb").read(), bytes.fromhex(salt), int(rounds), 64).hex())' \
    "$tmp/key" "$rounds" "$salt" 2>/dev/null && return
  # shellcheck disable=SC2016 # a perl program
  perl -MDigest::SHA=hmac_sha256 -e 'my ($file, $rounds, $salt) = @ARGV;
open my $in, "<", $file or die; local $/; my $key = <$in>; my $all = "";
for my $block (1, 2) {
  my $sum = my $last = hmac_sha256(pack("H*", $salt) . pack("N", $block), $key);
  $sum ^= $last = hmac_sha256($last, $key) for 2 .. $rounds;
  $all .= $sum;
}
print unpack("H*", $all)' "$tmp/key" "$rounds" "$salt" 2>/dev/null && return
  openssl kdf -keylen 64 -kdfopt digest:SHA256 -kdfopt "iter:$rounds" \
    -kdfopt "hexpass:$(od -An -v -tx1 "$tmp/key" | tr -d ' \n')" -kdfopt "hexsalt:$salt" PBKDF2 | tr -d ':\n' | tr 'A-F' 'a-f'
}

# Leaves the passphrase of key file $1 in $tmp/key.
read_key() {
  [ ! -d "$1" ] || die "key file $1 is a folder"
  [ -r "$1" ] || die "key file $1 cannot be read"
  head -c 4096 <"$1" | head -n 1 | tr -d '\r\n' >"$tmp/key"
  [ -s "$tmp/key" ] || die "key file $1 is empty"
  [ "$(wc -c <"$tmp/key")" -le 1023 ] || die "the passphrase is longer than the 1023 bytes that openssl reads"
}

# Readies `mac` for the archive's key, and leaves the passphrase in $tmp/key.
derive_keys() {
  if [ "$(field encryption)" = null ]; then
    use_key ''
    say "not encrypted: damage would be found, forgery would not"
    return
  fi
  [ -n "$key_file" ] || die "the archive is encrypted with key $(field encryption.keyId): name it with --key-file"
  while read -r each; do
    read_key "$each"
    derived=$(pbkdf2 "$(field encryption.macSalt)")
    [ "${#derived}" = 128 ] || die "no key can be derived here: openssl 3, python3 or perl is needed"
    use_key "$(printf %s "$derived" | cut -c 65-128)"
    [ "$(printf 'grill-backup key check' | mac)" = "$(field encryption.keyCheck)" ] || continue
    use_key "$(printf %s "$derived" | cut -c 1-64)"
    return
  done <"$tmp/key_files"
  die "wrong passphrase: the archive was made with a different one, key $(field encryption.keyId)"
}

# --- proof ----------------------------------------------------------------------------------------------------------

# Proves passphrase and manifest, and that name and size of the archive are those that the manifest has.
prove_manifest() {
  need openssl
  read_manifest
  check_form
  derive_keys
  actual=$({ printf 'grill-backup manifest\000'; cat "$tmp/canonical"; } | mac)
  [ "$actual" = "$(field mac)" ] || die "the manifest was altered"
  [ "$(field archive)" = "${archive##*/}" ] || die "the manifest belongs to $(field archive), not to ${archive##*/}"
  archive_bytes=$(field archiveBytes)
  total=$(($(wc -l <"$tmp/segments")))
  expected=$(((archive_bytes + segment_bytes - 1) / segment_bytes + (archive_bytes == 0)))
  case "$(field seal.bytes) $total" in
    "$archive_bytes $expected") ;;
    *) die "the manifest contradicts itself: $archive_bytes bytes in $total segments" ;;
  esac
  bytes=$(($(wc -c <"$archive")))
  [ "$bytes" -ge "$archive_bytes" ] || die "the archive is cut short: $bytes of $archive_bytes bytes"
  [ "$bytes" -le "$archive_bytes" ] || die "the archive is too long: $bytes bytes, $archive_bytes were written"
}

segment_bytes=4194304

# A number below 2^32 as 8 bytes, most significant first.
eight_bytes() {
  # shellcheck disable=SC2059 # the escapes are the format
  printf "\\000\\000\\000\\000$(printf '\\%03o\\%03o\\%03o\\%03o' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"
}

# What `openssl enc` takes the salt from, and nobody else looks at.
begins_with_salt() {
  [ "$(field encryption)" = null ] ||
    [ "$(dd bs=16 count=1 <"$tmp/segment" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')" = "53616c7465645f5f$1" ]
}

# Reads a file once: $1, sealed as id $2 with salt $3, whose $total segments have the digests in file $4. Writes each segment
# after its digest held, nothing from the first that differs on, and names in $tmp/damage those that do.
authentic() {
  : >"$tmp/damage"
  index=0
  while read -r expected; do
    dd bs="$segment_bytes" count=1 of="$tmp/segment" 2>/dev/null <&3 || :
    actual=$({
      printf 'grill-backup segment\000%s\000' "$2"
      eight_bytes "$index"
      cat "$tmp/segment"
      if [ $((index + 1)) -eq "$total" ]; then printf '\001'; else printf '\000'; fi
    } | mac)
    if [ "$actual" != "$expected" ]; then
      echo "segment $((index + 1)) of $total is damaged: bytes $((index * segment_bytes)) to $(((index + 1) * segment_bytes - 1))" >>"$tmp/damage"
    elif [ "$index" -eq 0 ] && ! begins_with_salt "$3"; then
      echo "the archive does not begin with the salt of its manifest" >>"$tmp/damage"
    elif [ ! -s "$tmp/damage" ]; then
      cat "$tmp/segment"
    fi
    index=$((index + 1))
  done <"$4" 3<"$1"
}

# The archive's own file.
authentic_archive() { authentic "$archive" "$(field id)" "$(field encryption.salt)" "$tmp/segments"; }

# Parts lie in parts/<target> beside the folder of the target; weekly and monthly archives are one folder deeper.
find_parts() {
  for parts_folder in "${archive%/*}/../parts/$(field target)" "${archive%/*}/../../parts/$(field target)"; do
    [ ! -d "$parts_folder" ] || return 0
  done
  die "the archive has parts: folder parts/$(field target) has to lie beside the folder of its target"
}

# Proves each part of an archive of format 2, and hands it on to the command "$@" "entry" "compression".
each_part() {
  [ -s "$tmp/parts-listed" ] || return 0
  find_parts
  tab=$(printf '\t')
  used=0
  while IFS=$tab read -r part_id entry entry_bytes algorithm salt sealed_bytes <&4; do
    # a tab is white space to read: what is empty would not be seen, and nothing of a part is
    case $algorithm in gzip) part_file=$parts_folder/$part_id.gz ;; *) part_file=$parts_folder/$part_id.zst ;; esac
    [ "$(field encryption)" = null ] || part_file=$part_file.enc
    [ -f "$part_file" ] || die "part ${part_file##*/}, which holds $entry, is gone"
    bytes=$(($(wc -c <"$part_file")))
    [ "$bytes" -eq "$sealed_bytes" ] || die "part ${part_file##*/}, which holds $entry, has $bytes bytes, $sealed_bytes were written"
    total=$(((sealed_bytes + segment_bytes - 1) / segment_bytes + (sealed_bytes == 0)))
    tail -n +$((used + 1)) <"$tmp/part-segments" | head -n "$total" >"$tmp/segments-of-part"
    used=$((used + total))
    "$@"
    [ ! -s "$tmp/damage" ] || { sed "s|^|part ${part_file##*/}: |" "$tmp/damage" >&2; die "the archive is damaged: a part of it is not what was written"; }
  done 4<"$tmp/parts-listed"
  [ "$used" -eq $(($(wc -l <"$tmp/part-segments"))) ] || die "the manifest contradicts itself: parts of other sizes"
}

authentic_part() { authentic "$part_file" "$part_id" "$salt" "$tmp/segments-of-part"; }
prove_part() { authentic_part >/dev/null; }

# Into folder $1, under the name of its entry.
unpack_part() {
  case $algorithm in gzip) open='gzip -dc' ;; *) open='zstd -dcq --memory=8MB' ;; esac
  need "${open%% *}"
  mkdir -p "$(dirname "$1/$entry")"
  : >"$tmp/failed"
  {
    { authentic_part || echo reading >>"$tmp/failed"; } |
      { decrypted || echo decryption >>"$tmp/failed"; } |
      { $open || echo decompression >>"$tmp/failed"; } >"$1/$entry"
  } 2>"$tmp/log"
  [ -s "$tmp/damage" ] || [ ! -s "$tmp/failed" ] ||
    die "part ${part_file##*/} cannot be unpacked: $(tr '\n' ' ' <"$tmp/failed")failed; is the disk full? $(tail -n 1 "$tmp/log")"
}

proved() { say "proved: $(field engine) $document of $(field target), $(field environment), taken $(field startedAt), $archive_bytes bytes"; }

refuse_damage() {
  [ -s "$tmp/damage" ] || return 0
  cat "$tmp/damage" >&2
  die "the archive is damaged: its SHA-256 is not that of the manifest"
}

verify_one() {
  prove_manifest
  authentic_archive >/dev/null
  refuse_damage
  each_part prove_part
  proved
}

# Of an increment, with --log, the bases that it goes on from too: they make a data directory together.
verify() {
  if [ -z "$log" ]; then verify_one; return; fi
  find_layers
  while read -r archive <&5; do verify_one; done 5<"$tmp/layers"
  verify_log
}

# --- extraction -----------------------------------------------------------------------------------------------------

decrypted() {
  if [ "$(field encryption)" = null ]; then cat; else
    openssl enc -d -aes-256-cbc -pbkdf2 -iter "$rounds" -md sha256 -pass "file:$tmp/key"
  fi
}

# Appends to file $1 those that are named $2 and a number from 000001 on.
append_numbered() {
  part=1
  while next=$2$(printf '%06d' "$part") && [ -f "$next" ] && [ ! -L "$next" ]; do
    cat "$next" >>"$1"
    rm "$next"
    part=$((part + 1))
  done
}

# Joins what the archive holds in parts: name.part-000000, and so on.
join_parts() {
  find "$1" -type f -name '*.part-000000' >"$tmp/parts"
  while read -r first; do
    whole=${first%.part-000000}
    mv "$first" "$whole"
    append_numbered "$whole" "$whole.part-"
  done <"$tmp/parts"
}

# Joins a dump of PostgreSQL that is cut: name.dump, name.dump.000001, and so on.
join_dump() {
  dump=$(awk -F '\t' '$1 ~ /\.dump$/ { print $1; exit }' "$tmp/entries")
  [ "$(field engine)" = postgresql ] && [ -n "$dump" ] || return 0
  [ ! -L "$1/$dump" ] || die "$dump is a link"
  append_numbered "$1/$dump" "$1/$dump."
}

# The folder holds the entries of the manifest, each of its size, and nothing else.
check_entries() {
  tab=$(printf '\t')
  while IFS=$tab read -r name bytes; do
    [ -f "$1/$name" ] || die "the archive lacks $name"
    [ $(($(wc -c <"$1/$name"))) = "$bytes" ] || die "$name has $(($(wc -c <"$1/$name"))) bytes, $bytes were backed up"
  done <"$tmp/entries"
  # one line each, also where the path has line feeds
  [ "$(find "$1" ! -type d -exec sh -c 'for entry; do echo; done' sh {} + | wc -l)" -eq "$(wc -l <"$tmp/entries")" ] || die "the archive holds more than its manifest says"
}

empty_folder() {
  mkdir -p "$1"
  [ -z "$(ls -A "$1")" ] || die "folder $1 is not empty"
}

# Proves the archive while it is unpacked into folder $1, which counts only if this returns.
unpack() {
  prove_manifest
  each_part unpack_part "$1" # first: the folder then holds no link that somebody put into a tar file
  total=$(($(wc -l <"$tmp/segments")))
  case $(field compression.algorithm) in
    gzip) set -- "$1" gzip -dc ;;
    *) set -- "$1" zstd -dcq --memory=8MB ;;
  esac
  for program in tar "$2"; do need "$program"; done
  unpacked=$1
  shift
  : >"$tmp/failed"
  {
    { authentic_archive || echo reading >>"$tmp/failed"; } |
      { decrypted || echo decryption >>"$tmp/failed"; } |
      { "$@" || echo decompression >>"$tmp/failed"; } |
      { tar -xof - -C "$unpacked" || echo tar >>"$tmp/failed"; cat >/dev/null; }
  } 2>"$tmp/log"
  refuse_damage
  [ ! -s "$tmp/failed" ] || die "the archive cannot be unpacked: $(tr '\n' ' ' <"$tmp/failed")failed; is the disk full? $(tail -n 1 "$tmp/log")"
  join_parts "$unpacked"
  check_entries "$unpacked"
  join_dump "$unpacked"
  proved
}

# Into a folder of its own first, so that nothing is where it was asked for unless all of it is.
extract() {
  empty_folder "$into"
  staged=$(mktemp -d "$into/.grill-recover.XXXXXX")
  unpack "$staged"
  cut -f 1 "$tmp/entries" | cut -d / -f 1 >"$tmp/names"
  while read -r name; do
    [ ! -e "$staged/$name" ] || mv "$staged/$name" "$into/"
  done <"$tmp/names"
  rmdir "$staged"
  say "extracted into $into"
}

# --- restore --------------------------------------------------------------------------------------------------------

# What an archive says becomes SQL inside PostgreSQL alone, by format() with %I and %L, from JSON that psql reads into a
# variable. psql sends what \gexec makes to the server without looking into it, so nothing of an archive is a command of psql.
psql_on() { { safe_session; value_sql; cat; } |
  relayed env PGCLIENTENCODING=UTF8 psql -XAtq -v ON_ERROR_STOP=1 -v VERBOSITY=terse -v name="$into" -d "$1" -f -; }

# Names of functions, operators and types are those of the server: a function that somebody made in a database, and that
# fits a call better, would run with all rights of this session. Settings that came with the database count no more.
safe_session() {
  cat <<'END'
SET search_path = '';
SET ROLE NONE;
SET client_min_messages = warning;
END
}

# A value after SET. Names of a list, as the server keeps it, are quoted one by one.
value_sql() {
  cat <<'END'
CREATE FUNCTION pg_temp.value_sql(name text, value text) RETURNS text LANGUAGE sql AS $sql$
  SELECT CASE WHEN lower(name) IN ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'shared_preload_libraries',
    'local_preload_libraries', 'unix_socket_directories') THEN coalesce((
      SELECT string_agg(quote_literal(CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE m[1] END), ', ')
      FROM regexp_matches(value, '"(?:[^"]|"")*"|[^[:space:],"]+', 'g') m), quote_literal(''))
    ELSE quote_literal(value) END $sql$;
END
}

# Names a database where libpq would take a name with = for more than that.
conninfo() { printf "dbname='%s'" "$(printf '%s' "$1" | sed "s/['\\\\]/\\\\&/g")"; }

# Makes the roles that the server lacks. Those that exist keep what they have, not least the one that this script logs in as.
create_roles() {
  (cd "$folder" && psql_on "$maintenance" >/dev/null <<'END') || die "the roles of the archive could not be made"
\set archive `cat roles.json`
CREATE TEMP TABLE archive AS SELECT :'archive'::jsonb AS content;
CREATE TEMP TABLE known AS SELECT r.* FROM archive, jsonb_to_recordset(content -> 'roles') AS r(name text, superuser boolean,
  inherit boolean, "createRole" boolean, "createDatabase" boolean, login boolean, replication boolean,
  "bypassRowSecurity" boolean, "connectionLimit" int, password text, "validUntil" text, comment text);
CREATE TEMP TABLE missing AS SELECT * FROM known WHERE name NOT IN (SELECT rolname FROM pg_roles);
SELECT format('CREATE ROLE %I WITH %s %s CONNECTION LIMIT %s', name, CASE WHEN login THEN 'LOGIN' ELSE 'NOLOGIN' END,
  CASE WHEN inherit THEN 'INHERIT' ELSE 'NOINHERIT' END, "connectionLimit")
  || coalesce(' PASSWORD ' || quote_literal(password), '') || coalesce(' VALID UNTIL ' || quote_literal("validUntil"), '') FROM missing \gexec
-- what follows is more than the account may be allowed to give: psql says what, and goes on
\set ON_ERROR_STOP off
SELECT format('ALTER ROLE %I WITH %s', name, granted) FROM missing, unnest(ARRAY[CASE WHEN superuser THEN 'SUPERUSER' END,
  CASE WHEN "createRole" THEN 'CREATEROLE' END, CASE WHEN "createDatabase" THEN 'CREATEDB' END,
  CASE WHEN replication THEN 'REPLICATION' END, CASE WHEN "bypassRowSecurity" THEN 'BYPASSRLS' END]) granted
  WHERE granted IS NOT NULL \gexec
SELECT format('COMMENT ON ROLE %I IS %L', name, comment) FROM missing WHERE comment IS NOT NULL \gexec
-- of new roles alone, and not in a role that has gained rights since
SELECT format('GRANT %I TO %I', role, member) || CASE WHEN g.inherit IS NOT NULL AND g.set IS NOT NULL
    THEN format(' WITH ADMIN %s, INHERIT %s, SET %s', admin, g.inherit, g.set) WHEN admin THEN ' WITH ADMIN OPTION' ELSE '' END
  FROM archive, jsonb_to_recordset(content -> 'memberships') AS g(role text, member text, admin boolean, inherit boolean, set boolean)
  JOIN missing m ON m.name = member JOIN pg_roles e ON e.rolname = role LEFT JOIN known k ON k.name = role
  WHERE NOT (rolsuper AND k.superuser IS NOT TRUE OR rolcreaterole AND k."createRole" IS NOT TRUE
    OR rolcreatedb AND k."createDatabase" IS NOT TRUE OR rolreplication AND k.replication IS NOT TRUE
    OR rolbypassrls AND k."bypassRowSecurity" IS NOT TRUE)
  ORDER BY admin DESC \gexec
SELECT format('ALTER ROLE %I SET %I TO %s', role, s.name, pg_temp.value_sql(s.name, value))
  FROM archive, jsonb_to_recordset(content -> 'settings') AS s(role text, name text, value text)
  JOIN missing m ON m.name = role \gexec
SELECT format('GRANT %s ON PARAMETER %I TO %I', privilege, parameter, grantee)
    || CASE WHEN grantable THEN ' WITH GRANT OPTION' ELSE '' END
  FROM archive, jsonb_to_recordset(content -> 'parameterGrants') AS g(parameter text, grantee text, privilege text, grantable boolean)
  JOIN missing m ON m.name = grantee WHERE privilege IN ('SET', 'ALTER SYSTEM') \gexec
END
}

# Archives of earlier versions have the roles as SQL text, which this script does not run. The names that it creates, outside
# strings and comments, become roles without login or rights, so that they can own what is theirs.
create_bare_roles() {
  (cd "$folder" && psql_on "$maintenance" >"$tmp/bare" <<'END') || die "the roles of the archive could not be made"
\set globals `cat globals.sql`
CREATE TEMP TABLE missing AS SELECT CASE WHEN m[1] LIKE '"%' THEN replace(substr(m[1], 2, length(m[1]) - 2), '""', '"') ELSE m[1] END AS name
  FROM regexp_matches(:'globals', $re$[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|--[^\n]*|CREATE ROLE ("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*);|"(?:[^"]|"")*"$re$, 'g') m;
DELETE FROM missing WHERE name IS NULL OR name IN (SELECT rolname FROM pg_roles);
SELECT format('CREATE ROLE %I', name) FROM missing \gexec
SELECT quote_ident(name) FROM missing;
END
  [ -s "$tmp/bare" ] || return 0
  cp "$folder/globals.sql" ./globals.sql
  say "made without login, rights or password: $(tr '\n' ' ' <"$tmp/bare" | printable)"
  say "their definitions are in globals.sql, now in this folder: read it, as any user could write into it, and run what you trust"
}

create_database() {
  (cd "$folder" && psql_on "$maintenance" >"$tmp/placement" <<'END') || die "database $into could not be made"
\set archive `cat database.json`
SELECT format('CREATE DATABASE %I TEMPLATE template0 OWNER %I ENCODING %L LC_COLLATE %L LC_CTYPE %L', :'name', owner, encoding, "collate", ctype)
    || CASE "localeProvider" WHEN 'icu' THEN format(' LOCALE_PROVIDER icu ICU_LOCALE %L', "icuLocale")
      WHEN 'builtin' THEN format(' LOCALE_PROVIDER builtin BUILTIN_LOCALE %L', "icuLocale") ELSE '' END
    || coalesce((SELECT format(' TABLESPACE %I', spcname) FROM pg_tablespace WHERE spcname = tablespace AND spcname <> 'pg_default'), '')
  FROM jsonb_to_record(:'archive'::jsonb) AS d(owner text, encoding text, "collate" text, ctype text, "localeProvider" text,
    "icuLocale" text, tablespace text) \gexec
SELECT '--no-tablespaces' FROM jsonb_array_elements_text(:'archive'::jsonb -> 'tablespaces') t
  WHERE t NOT IN (SELECT spcname FROM pg_tablespace) LIMIT 1;
END
}

# What pg_restore does not restore: settings, rights and comment of the database itself.
apply_settings() {
  (cd "$folder" && psql_on "$maintenance" >/dev/null <<'END') || die "the settings of database $into could not be restored"
\set archive `cat database.json`
CREATE TEMP TABLE archive AS SELECT content, d.* FROM (SELECT :'archive'::jsonb AS content) one,
  jsonb_to_record(content) AS d(owner text, "connectionLimit" int, comment text);
SELECT format('ALTER DATABASE %I CONNECTION LIMIT %s', :'name', "connectionLimit") FROM archive \gexec
SELECT CASE WHEN role IS NULL THEN format('ALTER DATABASE %I', :'name') ELSE format('ALTER ROLE %I IN DATABASE %I', role, :'name') END
    || format(' SET %I TO %s', s.name, pg_temp.value_sql(s.name, value))
  FROM archive, jsonb_to_recordset(content -> 'settings') AS s(role text, name text, value text) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC, %I', :'name', owner) FROM archive WHERE content -> 'grants' <> 'null' \gexec
SELECT format('GRANT %s ON DATABASE %I TO %s', privilege, :'name', CASE WHEN grantee IS NULL THEN 'PUBLIC' ELSE quote_ident(grantee) END)
    || CASE WHEN grantable AND grantee IS DISTINCT FROM owner THEN ' WITH GRANT OPTION' ELSE '' END
  FROM archive, jsonb_to_recordset(CASE WHEN content -> 'grants' <> 'null' THEN content -> 'grants' ELSE '[]' END)
    AS g(grantee text, privilege text, grantable boolean) WHERE privilege IN ('CREATE', 'CONNECT', 'TEMPORARY') \gexec
SELECT format('COMMENT ON DATABASE %I IS %L', :'name', comment) FROM archive WHERE comment IS NOT NULL \gexec
END
}

restore_postgresql() {
  for program in pg_restore psql; do need "$program"; done
  maintenance=postgres
  psql -Xq -d postgres -c '' 2>"$tmp/refusal" || { maintenance=template1; relayed psql -Xq -d template1 -c '' || die "psql cannot connect: $(cat "$tmp/refusal")"; }
  ! psql_on "$maintenance" <<'END' | grep -q . || die "database $into already exists"
SELECT 1 FROM pg_database WHERE datname = :'name';
END
  if [ -f "$folder/roles.json" ]; then create_roles; else create_bare_roles; fi
  create_database
  # shellcheck disable=SC2046 # one word or none
  relayed pg_restore --exit-on-error $(cat "$tmp/placement") -d "$(conninfo "$into")" "$folder/$dump" || die "pg_restore stopped; database $into is incomplete"
  apply_settings
  compare_rows
}

# Rows of every table against the fingerprint of the manifest. Names with a dot are quoted there, but for earlier versions.
compare_rows() {
  (cd "$tmp" && psql_on "$(conninfo "$into")" >"$tmp/rows" <<'END') || die "the rows of database $into could not be counted"
\set manifest `cat canonical`
CREATE TEMP TABLE counted AS SELECT parts, (value ->> 'rows')::pg_catalog.int8 AS rows FROM pg_catalog.jsonb_each(:'manifest'::pg_catalog.jsonb -> 'fingerprint'),
  LATERAL (SELECT ARRAY(SELECT CASE WHEN part LIKE '"%"' THEN pg_catalog.replace(pg_catalog.substr(part, 2, pg_catalog.length(part) - 2), '""', '"') ELSE part END
    FROM pg_catalog.unnest(pg_catalog.regexp_match(key, '^("(?:[^"]|"")+"|[^.]*)\.(.*)$')) part)) AS split(parts) WHERE value ? 'rows';
SELECT pg_catalog.format('SELECT %L || pg_catalog.count(*) || %L FROM ONLY %I.%I HAVING pg_catalog.count(*) <> %s', pg_catalog.format('table %I.%I has ', parts[1], parts[2]),
  pg_catalog.format(' rows, %s were backed up', rows), parts[1], parts[2], rows) FROM counted \gexec
SELECT pg_catalog.format('%s tables compared', pg_catalog.count(*)) FROM counted;
END
  [ "$(wc -l <"$tmp/rows")" -eq 1 ] || die "$(head -n 1 "$tmp/rows" | printable)"
  say "restored into database $into; rows of $(cat "$tmp/rows")"
}

restore_redis_folder() {
  empty_folder "$into"
  cp "$folder/dump.rdb" "$into/dump.rdb"
  say "dump.rdb is in $into. Give it to the user of the server, and start with appendonly off, or it is not read:"
  say "  redis-server --dir $into --dbfilename dump.rdb --appendonly no"
  say "  redis-cli CONFIG SET appendonly yes    # afterwards, where it was on"
}

# A setting of the running server; a line of INFO of either.
setting() { redis CONFIG GET "$1" | sed -n 2p; }
said() { tr -d '\r' | sed -n "s/^$1://p"; }
source_redis() (
  unset REDISCLI_AUTH
  [ -z "$source_auth" ] || export REDISCLI_AUTH="$source_auth"
  redis-cli -p "$source_port" "$@"
)

# A value in quotes, as configuration files of redis have it.
quoted() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# Starts a server with the dump on a port that is free, with the password that the running one has for a primary.
start_source() {
  source_auth=$(setting masterauth)
  # shellcheck disable=SC2013 # numbers
  for source_port in $(awk 'BEGIN { srand(); for (i = 0; i < 20; i++) print 20000 + int(rand() * 10000) }'); do
    {
      printf 'port %s\nbind 127.0.0.1\ndir %s\n' "$source_port" "$(quoted "$folder")"
      printf 'dbfilename dump.rdb\nappendonly no\nsave ""\nrepl-diskless-sync-delay 0\ndatabases 1000\n'
      [ -z "$source_auth" ] || printf 'requirepass %s\n' "$(quoted "$source_auth")"
    } >"$tmp/source.conf"
    redis-server - <"$tmp/source.conf" >"$tmp/redis.log" 2>&1 &
    server=$!
    while kill -0 "$server" 2>/dev/null; do
      [ "$(source_redis PING 2>/dev/null)" != PONG ] || return 0
      sleep 1
    done
    grep -q 'Failed listening' "$tmp/redis.log" || break
  done
  die "redis-server did not load dump.rdb: $(tail -n 1 "$tmp/redis.log")"
}

# What would spoil the restore or lose data, before anything is changed.
fits_redis() {
  info=$(redis INFO)
  [ "$(printf '%s\n' "$info" | said role)" = master ] || die "redis at $into is a replica; restore into its primary"
  [ "$(printf '%s\n' "$info" | said cluster_enabled)" != 1 ] || die "redis at $into runs in cluster mode, in which it follows no other"
  [ "$(redis PUBSUB NUMSUB __sentinel__:hello | sed -n 2p)" = 0 ] || die "a sentinel watches redis at $into; run SENTINEL REMOVE on each before"
  [ -z "$(setting masteruser)" ] || die "redis at $into has masteruser set; run: redis-cli CONFIG SET masteruser '' and set it again afterwards"
  older=$( { source_redis INFO | said redis_version; printf '%s\n' "$info" | said redis_version; } | sort -V | head -n 1)
  [ "$older" = "$(source_redis INFO | said redis_version)" ] || die "redis at $into is older than the redis-server here, and may not read what it sends"
  needed=$(source_redis INFO keyspace | tr -d '\r' | sed -n 's/^db\([0-9]*\):.*/\1/p' | sort -n | tail -n 1)
  [ "${needed:-0}" -lt "$(setting databases)" ] || die "redis at $into has $(setting databases) databases, and the dump has database $needed"
  most=$(setting maxmemory)
  [ "$most" = 0 ] || [ "$(source_redis INFO | said used_memory)" -le "$most" ] || die "redis at $into has maxmemory $most, and the dump takes $(source_redis INFO | said used_memory) bytes"
}

# Keys of each database.
keyspace() { tr -d '\r' | sed -n 's/^\(db[0-9]*:keys=[0-9]*\).*/\1/p'; }

# Starts a server with the dump, and makes the running one its replica for a moment.
restore_redis_live() {
  for program in redis-server redis-cli; do need "$program"; done
  host=${into%:*}
  port=${into##*:}
  redis() { redis-cli -e -h "$host" -p "$port" "$@"; }
  [ "$(redis PING)" = PONG ] || die "redis at $into does not answer"
  start_source
  fits_redis
  evicted=$(redis INFO | said evicted_keys)
  replica=yes
  redis REPLICAOF 127.0.0.1 "$source_port" >/dev/null
  tries=0
  until redis INFO replication | grep -q '^master_link_status:up'; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || die "redis at $into did not take the data within 10 minutes"
    sleep 1
  done
  redis REPLICAOF NO ONE >/dev/null
  replica=
  [ "$(redis INFO | said evicted_keys)" = "$evicted" ] || die "redis at $into evicts keys: raise its maxmemory, and restore again"
  loaded=$(source_redis INFO keyspace | keyspace)
  present=$(redis INFO keyspace | keyspace)
  say "restored into redis at $into:" "$(printf '%s' "$present" | tr '\n' ' ')"
  [ "$loaded" = "$present" ] || say "the dump has $(printf '%s' "$loaded" | tr '\n' ' '): keys that expired meanwhile may be the difference"
}

restore_redis() {
  case $into in
    *:[0-9]*) restore_redis_live ;;
    *) restore_redis_folder ;;
  esac
}

# Names of databases are percent-encoded in the names of entries.
decoded() {
  # shellcheck disable=SC2059
  printf "$(printf '%s\n' "$1" | sed 's/%\([0-9A-Fa-f][0-9A-Fa-f]\)/\
%\1\
/g' | awk '/^%/ { print "\\" sprintf("%03o", 16 * (index("0123456789ABCDEF", toupper(substr($0, 2, 1))) - 1) + index("0123456789ABCDEF", toupper(substr($0, 3, 1))) - 1); next } { gsub(/\\/, "\\\\"); print }' | tr -d '\n')"
}

# Its progress and its errors, as one.
influxd_restore() { influxd restore -portable -host "$into" -db "$1" "$2" >&2; }

restore_influxdb1() {
  need influxd
  for backup in "$folder"/v1/*/; do
    [ -d "$backup" ] || die "the archive holds no database with data"
    name=$(decoded "$(basename "$backup")")
    relayed influxd_restore "$name" "$backup" || die "influxd could not restore database $name; one that exists must be dropped or renamed first"
    say "restored database $name"
  done
  cp "$folder/influxdb.json" "./influxdb.json" 2>/dev/null || :
  say "continuous queries and grants are no part of a portable backup: influxdb.json, now in this folder, lists them"
}

# Sends a file to the server; the token stays out of the list of processes.
send() {
  gzip -c "$1" | relayed curl -fsS -X POST -T - -H "@$tmp/header" -H 'Content-Type: application/octet-stream' \
    -H 'Content-Encoding: gzip' "$into/api/v2/restore/$2" || die "InfluxDB at $into did not take ${1##*/}"
}

# Data files of a shard.
data_files() { tar -tf - 2>/dev/null | sed -n 's|.*/\([^/]*\.tsm\)$|\1|p' | sort; }

restore_influxdb2() {
  need curl
  [ -n "${INFLUX_TOKEN:-}" ] || die "INFLUX_TOKEN has to hold an operator token of the server"
  into=${into%/}
  printf 'Authorization: Token %s\n' "$INFLUX_TOKEN" >"$tmp/header"
  send "$folder/v2/kv.bolt" kv >"$tmp/answer"
  # tokens are now those of the backup, and the answer holds one of them
  sed -n 's/.*"token"[^"]*"\([^"]*\)".*/Authorization: Token \1/p' "$tmp/answer" >"$tmp/header"
  [ -s "$tmp/header" ] || die "the restored server has no operator token"
  send "$folder/v2/sql.sqlite" sql
  for shard in "$folder"/v2/shards/*.tar; do
    [ -f "$shard" ] || break
    id=${shard##*/}
    id=${id%.tar}
    send "$shard" "shards/$id"
    # the server answers 200 whatever it makes of a shard
    relayed curl -fsS -H "@$tmp/header" "$into/api/v2/backup/shards/$id" | data_files >"$tmp/present"
    data_files <"$shard" | cmp -s - "$tmp/present" || die "InfluxDB at $into did not load shard $id"
  done
  say "restored InfluxDB at $into, with the users and tokens of the backup; restart influxd, so that its tasks run"
}

restore() {
  [ "$document" != base ] || die "a base becomes a server with its log alone: recover.sh wal"
  folder=$tmp/extracted
  mkdir "$folder"
  unpack "$folder"
  case $(field engine) in
    postgresql) restore_postgresql ;;
    redis) restore_redis ;;
    influxdb) if [ -d "$folder/v2" ]; then restore_influxdb2; else restore_influxdb1; fi ;;
    *) die "archives of engine $(field engine) are beyond this script; extract it" ;;
  esac
}

# --- base and log -----------------------------------------------------------------------------------------------------

# The log is data of positions, 16 digits of hexadecimal, whose order is that of their text. awk compares them as texts
# because something is joined to them.

# A piece has at most 16 MiB of log, and what encryption and compression add to what does not compress; history files less.
max_piece_bytes=17825792
max_history_bytes=4194304

# The key of everything in the log, from the passphrases of all key files: $tmp/key.N for openssl, $tmp/mac.N for `use_key`.
derive_log_keys() {
  salt_of_log=$(printf 'grill-backup whole object' | od -An -v -tx1 | tr -d ' \n')
  keys=0
  while read -r each; do
    read_key "$each"
    derived=$(pbkdf2 "$salt_of_log")
    [ "${#derived}" = 128 ] || die "no key can be derived here: openssl 3, python3 or perl is needed"
    keys=$((keys + 1))
    mv "$tmp/key" "$tmp/key.$keys"
    printf %s "$derived" | cut -c 1-64 >"$tmp/mac.$keys"
  done <"$tmp/key_files"
}

# Opens object $1 of the log into $tmp/opened after its MAC $2 held; $3 is its label, as printf has it, $4 what it may have.
open_object() {
  [ -f "$1" ] || die "$1 is gone"
  [ $(($(wc -c <"$1"))) -le "$4" ] || die "$1 has more than $4 bytes"
  case $1 in *.enc) sealed=yes ;; *) sealed= ;; esac
  [ -n "$sealed" ] || [ "$keys" -eq 0 ] || die "$1 is not encrypted, but a key is given"
  [ -z "$sealed" ] || [ "$keys" -gt 0 ] || die "$1 is encrypted: name its key with --key-file"
  cat "$1" >"$tmp/object"
  if [ -z "$sealed" ]; then
    use_key ''
    # shellcheck disable=SC2059 # the label is the format
    [ "$({ printf "$3"; cat "$tmp/object"; } | mac)" = "$2" ] || die "$1 was altered, cut, renamed or exchanged"
    mv "$tmp/object" "$tmp/opened"
    return
  fi
  number=0
  while [ "$number" -lt "$keys" ]; do
    number=$((number + 1))
    use_key "$(cat "$tmp/mac.$number")"
    # shellcheck disable=SC2059 # the label is the format
    [ "$({ printf "$3"; cat "$tmp/object"; } | mac)" = "$2" ] || continue
    openssl enc -d -aes-256-cbc -pbkdf2 -iter "$rounds" -md sha256 -pass "file:$tmp/key.$number" \
      <"$tmp/object" >"$tmp/opened" 2>"$tmp/log" || die "$1 cannot be decrypted: $(tail -n 1 "$tmp/log")"
    return
  done
  die "$1 was altered, cut, renamed or exchanged, or no key that was given made it"
}

# Names below folder $1 that match $2, in the order of their bytes.
listed() { [ ! -d "$1" ] || find "$1/." ! -name . -prune -print | sed 's|.*/||' | grep -E "$2" | sort || :; }

history_pattern='^[0-9a-f]{8}_[0-9a-f]{64}\.history(\.enc)?$'
piece_pattern='^[0-9a-f]{16}_[0-9a-f]{16}_[1-9][0-9]{0,15}_[0-9a-f]{64}\.wal\.(gz|zst)(\.enc)?$'

# History $1, a file name, in PostgreSQL's own words in $tmp/opened; its timelines and where the next one took over in $tmp/ancestors.
read_history() {
  number_of_timeline=${1%%_*}
  mac_in_name=${1#*_}
  open_object "$log/$system/$1" "${mac_in_name%%.*}" "grill-backup wal history\\000$system\\000$number_of_timeline\\000" "$max_history_bytes"
  awk '
    function pad(s) { s = tolower(s); return substr("00000000", 1, 8 - length(s)) s }
    /^[ \t\r]*(#|$)/ { next }
    {
      n = split($2, half, "/")
      if ($1 !~ /^[1-9][0-9]*$/ || length($1) > 10 || n != 2 || $2 !~ /^[0-9A-Fa-f]+\/[0-9A-Fa-f]+$/ ||
        length(half[1]) > 8 || length(half[2]) > 8) exit 1
      printf "%08x %s%s\n", $1, pad(half[1]), pad(half[2])
    }' "$tmp/opened" >"$tmp/ancestors" || die "history $1 is not of the form that PostgreSQL writes"
}

# The line of timelines that ends in $1, out of $tmp/ancestors: "timeline from to", "-" for no end.
line_to() { awk -v last="$1" 'BEGIN { from = "0000000000000000" } { print $1, from, $2; from = $2 } END { print last, from, "-" }' "$tmp/ancestors" >"$tmp/line"; }

# The newest line that goes through the base, and the histories on it, each under the name that PostgreSQL looks for.
find_line() {
  mkdir "$tmp/histories"
  listed "$log/$system" "$history_pattern" | sort -t _ -k 1,1r -k 2 >"$tmp/history_names"
  : >"$tmp/ancestors"
  line_to "$timeline"
  while read -r name; do
    each=${name%%_*}
    [ $((0x$each)) -gt $((0x$timeline)) ] || break
    read_history "$name"
    if awk -v timeline="$timeline" -v start="$start" '$1 == timeline && ($2 "") >= (start "") { found = 1 } END { exit !found }' "$tmp/ancestors"; then
      line_to "$each"
      break
    fi
  done <"$tmp/history_names"
  if [ "$(wc -l <"$tmp/line")" -eq 1 ]; then
    own=$(grep "^${timeline}_" "$tmp/history_names" | head -n 1 || :)
    if [ -n "$own" ]; then read_history "$own"; line_to "$timeline"; fi
  fi
  while read -r each _; do
    own=$(grep "^${each}_" "$tmp/history_names" | head -n 1 || :)
    [ -n "$own" ] || continue
    read_history "$own"
    mv "$tmp/opened" "$tmp/histories/$(printf '%08X.history' "$((0x$each))")"
  done <"$tmp/line"
}

# The contiguous log from the base on, as the program takes it: "from to timeline piece" in $tmp/slices; its end, the latest time
# in it, and the end of the hole behind it in $end, $end_time and $hole. Of pieces that go on, the one that reaches farthest.
find_cover() {
  while read -r each _; do
    listed "$log/$system/$each" "$piece_pattern" | sed "s/^/$each /"
  done <"$tmp/line" >"$tmp/pieces"
  awk -v start="$start" '
    NR == FNR { low[$1] = $2; high[$1] = $3; next }
    {
      from = substr($2, 1, 16); to = substr($2, 18, 16)
      if (from "" >= to "") next
      if (low[$1] "" > from "") from = low[$1]
      if (high[$1] != "-" && high[$1] "" < to "") to = high[$1]
      if (from "" < to "" && to "" > start "") printf "%s %09d %s %s %s\n", from, FNR, to, $1, $2
    }' "$tmp/line" "$tmp/pieces" | sort >"$tmp/cuts"
  awk -v start="$start" '
    function take() { print end, far, far_timeline, far_name; split(far_name, part, "_"); if (part[3] + 0 > time) time = part[3] + 0; end = far }
    BEGIN { end = start; hole = "-"; time = 0 }
    {
      if (far != "" && $1 "" > end "" && far "" > end "") take()
      if ($1 "" > end "") { hole = $1; exit }
      if (far == "" || $3 "" > far "") { far = $3; far_timeline = $4; far_name = $5 }
    }
    END { if (far != "" && far "" > end "") take(); printf "E %s %.0f %s\n", end, time, hole }' "$tmp/cuts" >"$tmp/covered"
  grep -v '^E' "$tmp/covered" >"$tmp/slices" || :
  # shellcheck disable=SC2046 # three words
  set -- $(sed -n 's/^E //p' "$tmp/covered")
  end=$1
  end_time=$(iso "$2")
  hole=$3
}

# Milliseconds since 1970 as the text 2026-11-28 03:14:00.000.
iso() {
  awk -v ms="$1" 'BEGIN {
    days = int(ms / 86400000); rest = ms - days * 86400000
    z = days + 719468; era = int(z / 146097); doe = z - era * 146097
    yoe = int((doe - int(doe / 1460) + int(doe / 36524) - int(doe / 146096)) / 365)
    doy = doe - (365 * yoe + int(yoe / 4) - int(yoe / 100)); mp = int((5 * doy + 2) / 153)
    day = doy - int((153 * mp + 2) / 5) + 1; month = mp < 10 ? mp + 3 : mp - 9; year = yoe + era * 400 + (month <= 2)
    printf "%04d-%02d-%02d %02d:%02d:%02d.%03d", year, month, day, int(rest / 3600000), int(rest / 60000) % 60, int(rest / 1000) % 60, rest % 1000
  }'
}

# Whether text $1 is not behind $2, by their bytes: so positions and times are compared.
in_order() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort | head -n 1)" = "$1" ]; }

# A position as PostgreSQL writes it.
shown() { printf '%X/%X' "$((0x$(printf %s "$1" | cut -c 1-8)))" "$((0x$(printf %s "$1" | cut -c 9-16)))"; }

# What $to and $before_xid ask for as settings in $tmp/target; refused where base and log cannot reach it.
find_target() {
  finished=$(field finishedAt | tr T ' ' | tr -d Z)
  : >"$tmp/target"
  moment=
  position=
  if [ -n "$before_xid" ]; then
    printf "recovery_target_xid = '%s'\nrecovery_target_inclusive = 'off'\n" "$before_xid" >"$tmp/target"
    return
  fi
  case $to in
    latest) ;;
    */*)
      position=$(printf '%s\n' "$to" | awk -F / '
        function pad(s) { s = tolower(s); return substr("00000000", 1, 8 - length(s)) s }
        NF == 2 && /^[0-9A-Fa-f]+\/[0-9A-Fa-f]+$/ && length($1) < 9 && length($2) < 9 { printf "%s%s", pad($1), pad($2) }')
      [ -n "$position" ] || die "--to $to is not a position of the log"
      in_order "$whole" "$position" || die "$to is before the base, which was whole at $(shown "$whole")"
      in_order "$position" "$end" || die "$to is not there: $reaches"
      printf "recovery_target_lsn = '%s'\n" "$to" >"$tmp/target"
      ;;
    *)
      moment=$(printf '%s\n' "$to" | sed -nE 's/^([0-9]{4}-[0-9]{2}-[0-9]{2})$/\1 00:00/; s/^([0-9-]{10})[T ]([0-9:.]+)Z?$/\1 \2/; s/^([0-9-]{10} [0-9]{2}:[0-9]{2})$/\1:00/
        s/^([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2})$/\1.000/; s/^(.{19}\.[0-9])$/\100/; s/^(.{19}\.[0-9]{2})$/\10/
        s/^([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01]) ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\.[0-9]{3})$/\1/p')
      [ -n "$moment" ] || die "--to '$to': expected a time in UTC such as 2026-11-28 03:14:00, a position, or latest"
      in_order "$finished" "$moment" || die "$moment is before the base, which was whole at $finished"
      in_order "$moment" "$end_time" || die "$moment is not there: $reaches"
      printf "recovery_target_time = '%s+00'\n" "$moment" >"$tmp/target"
      ;;
  esac
}

# Plain files and folders only, below where they are unpacked; GNU tar, busybox and bsdtar list alike as far as this looks.
check_tar() {
  tar -tvf "$1" | cut -c 1 | grep -qv '^[-d]' && die "${1##*/} holds something else than files and folders"
  tar -tf "$1" | grep -Eq '^/|(^|/)\.\.(/|$)' && die "${1##*/} holds a name that leads out of it"
  :
}

# Base $archive and those that it goes on from, the whole one first, as paths in $tmp/layers: all of them lie in one folder.
find_layers() {
  given=$archive
  : >"$tmp/layers"
  prove_manifest
  while :; do
    { printf '%s\n' "$archive"; cat "$tmp/layers"; } >"$tmp/found"
    mv "$tmp/found" "$tmp/layers"
    before=$(field base.incrementOf)
    [ -n "$before" ] || break
    increment=${archive##*/}
    archive=
    for each in "${given%/*}"/base_*.manifest.json; do
      ! grep -q "^ \"id\": \"$before\",\$" "$each" || archive=${each%.manifest.json}
    done
    [ -n "$archive" ] || die "$increment is an increment, and the base that it goes on from, $before, is not in ${given%/*}"
    ! grep -Fqx -- "$archive" "$tmp/layers" || die "$increment goes on from itself"
    prove_manifest
    [ "$(field id)" = "$before" ] || die "${archive##*/} is not the base that $increment goes on from"
  done
  archive=$given
}

# Unpacks the base of $archive and those that it goes on from, and makes one data folder, $data, of them.
unpack_layers() {
  wanted=$data
  number=0
  set --
  while read -r archive <&5; do
    number=$((number + 1))
    mkdir "$staged/entries"
    unpack "$staged/entries"
    if [ "$layers" -gt 1 ]; then
      data=$staged/$number
      places=$staged/$number.tablespaces
      mkdir "$places"
    fi
    unpack_base
    rmdir "$staged/entries"
    set -- "$@" "$data"
  done 5<"$tmp/layers"
  if [ "$layers" -gt 1 ]; then
    data=$wanted
    for each in "$places"/*; do
      [ ! -d "$each" ] || set -- -T "$(absolute "$each")=$(absolute "$spaces")/${each##*/}" "$@"
    done
    relayed pg_combinebackup --no-sync --manifest-checksums=SHA256 -o "$data" "$@" || die "the increments cannot be put together"
    relayed pg_verifybackup --quiet --no-parse-wal "$data" || die "what the increments became is not what they say"
    find "$staged/." ! -name . -prune ! -name data -exec rm -rf {} +
  fi
  rm -f "$data/backup_manifest" "$data/tablespace_map" "$data/standby.signal" "$data/recovery.signal"
}

# A folder as pg_combinebackup takes it in a pair: from the root on, "=" and backslashes escaped.
absolute() { (cd "$1" && pwd) | sed 's/[\\=]/\\&/g'; }

# Unpacks what `extract` left of the base in $staged into $data, with tablespaces in $places, and has PostgreSQL compare it all.
unpack_base() {
  mkdir "$data"
  for content in "$staged"/entries/*.tar; do
    check_tar "$content"
    case ${content##*/} in
      base.tar) relayed tar -xof "$content" -C "$data" || die "base.tar cannot be unpacked; is the disk full?" ;;
      *)
        oid=${content##*/}
        oid=${oid%.tar}
        case $oid in *[!0-9]*) die "the base holds ${content##*/}, which does not belong to one" ;; esac
        mkdir -p "$places/$oid" "$data/pg_tblspc"
        relayed tar -xof "$content" -C "$places/$oid" || die "$oid.tar cannot be unpacked; is the disk full?"
        ln -s "$(cd "$places" && pwd)/$oid" "$data/pg_tblspc/$oid"
        ;;
    esac
    rm "$content"
  done
  mv "$staged/entries/backup_manifest" "$data/backup_manifest"
  relayed pg_verifybackup --quiet --no-parse-wal "$data" || die "the base is not what its server sent, by its own list of files"
}

# Name of the file of the log with number $1: the timeline is the last one that begins before its end.
segment_name() {
  while read -r each low _; do
    [ $((0x$low)) -ge $((($1 + 1) * segment_size)) ] || last=$each
  done <"$tmp/line"
  per_high=$((4294967296 / segment_size))
  printf '%08X%08X%08X' "$((0x$last))" "$(($1 / per_high))" "$(($1 % per_high))"
}

# Appends $2 bytes of $tmp/plain from byte $1 on to the files of the log, which go on at $at.
append() {
  skip=$1
  left=$2
  while [ "$left" -gt 0 ]; do
    room=$((segment_size - at % segment_size))
    [ "$room" -le "$left" ] || room=$left
    tail -c "+$((skip + 1))" "$tmp/plain" | head -c "$room" >>"$data/pg_wal/$(segment_name $((at / segment_size)))"
    at=$((at + room))
    skip=$((skip + room))
    left=$((left - room))
  done
}

# Log of piece $2 of timeline $1, in $tmp/plain.
read_piece() {
  stem=${2%%.wal.*}
  open_object "$log/$system/$1/$2" "${stem##*_}" "grill-backup wal piece\\000$system\\000$1\\000${stem%_*}.wal.${2#*.wal.}\\000" "$max_piece_bytes"
  length=$((0x$(printf %s "$2" | cut -c 18-33) - 0x$(printf %s "$2" | cut -c 1-16)))
  case $2 in *.wal.gz*) unpack_with='gzip -dc' ;; *) unpack_with='zstd -dcq --memory=8MB' ;; esac
  # shellcheck disable=SC2086 # words of a command
  { $unpack_with <"$tmp/opened" 2>"$tmp/log" || :; } | head -c "$((length + 1))" >"$tmp/plain"
  [ $(($(wc -c <"$tmp/plain"))) -eq "$length" ] || die "piece $2 does not hold as much log as its name says"
}

# Finds what there is of the log from the base on, by names and histories.
open_log() {
  [ "$document" = base ] || die "${archive##*/} is not a base: its name does not begin with base_"
  system=$(field base.systemIdentifier)
  timeline=$(printf %08x "$(field base.timeline)")
  start=$(field base.startLsn)
  whole=$(field base.endLsn)
  derive_log_keys
  find_line
  find_cover
  reaches="the log reaches $end_time, $(shown "$end")"
  [ "$hole" = - ] || reaches="$reaches, where a hole begins that ends at $(shown "$hole")"
  [ "$end" != "$start" ] || die "the log from $(shown "$start") on is not in $log"
  in_order "$whole" "$end" || die "the base is whole at $(shown "$whole") only; $reaches"
}

# Proves every piece of the log from the base on, and that none is missing between them.
verify_log() {
  open_log
  [ "$hole" = - ] || die "$reaches"
  while read -r _ _ each name; do read_piece "$each" "$name"; done <"$tmp/slices"
  say "proved: $reaches"
}

# All log from the base on, where a server looks for it that has no archive.
put_log() {
  segment_size=$(pg_controldata -D "$data" | sed -n 's/^Bytes per WAL segment: *\([0-9]*\)$/\1/p')
  [ -n "$segment_size" ] || die "pg_controldata does not say how long files of the log are"
  mkdir -p "$data/pg_wal"
  at=$((0x$start))
  while read -r from until each name; do
    read_piece "$each" "$name"
    append $((0x$from - 0x$(printf %s "$name" | cut -c 1-16))) $((0x$until - 0x$from))
  done <"$tmp/slices"
  rest=$((at % segment_size))
  [ "$rest" -eq 0 ] || head -c $((segment_size - rest)) /dev/zero >>"$data/pg_wal/$(segment_name $((at / segment_size)))"
  for each in "$tmp"/histories/*; do [ ! -f "$each" ] || cp "$each" "$data/pg_wal/"; done
}

# What pg_waldump says of timeline $1 from position $2 to $3; more arguments are its own.
log_text() {
  number=$((0x$1))
  from=$(shown "$2")
  until=$(shown "$3")
  shift 3
  TZ=UTC pg_waldump -p "$data/pg_wal" -t "$number" -s "$from" -e "$until" "$@" 2>"$tmp/log" || :
}

# How transactions ended in the log that was put there, timeline by timeline; text that somebody wrote into the log may be among it.
endings() {
  while read -r each low high; do
    begin=$low
    in_order "$start" "$begin" || begin=$start
    [ "$high" != - ] || high=$end
    log_text "$each" "$begin" "$high" -r Transaction
  done <"$tmp/line"
}

# PostgreSQL ends with an error where nothing follows a target that would make it stop: then the end of the log is that instant.
settle_target() {
  if [ -n "$before_xid" ]; then
    endings | grep -Eq "(tx: +$before_xid,.* desc: (COMMIT|ABORT) |desc: (COMMIT|ABORT)_PREPARED $before_xid: )" ||
      die "transaction $before_xid did not end in the log since the base; $reaches"
  elif [ -n "$moment" ]; then
    endings | sed -nE 's/.* desc: (COMMIT|ABORT)[A-Z_]* ([0-9]+: )?([0-9-]{10} [0-9:.]{15}) UTC.*/\3/p' |
      awk -v moment="${moment}000" '($0 "") > (moment "") { found = 1 } END { exit !found }' || ends_there
  elif [ -n "$position" ]; then
    each=$(tail -n 1 "$tmp/line" | cut -d ' ' -f 1)
    log_text "$each" "$position" "$end" | grep -q . || ends_there
  fi
}

ends_there() {
  : >"$tmp/target"
  say "nothing follows that instant: the server opens at the end of the log"
}

# The settings that came with the base, but for those of an earlier recovery, and then those of this one. There is no archive.
put_settings() {
  touch "$data/postgresql.auto.conf"
  grep -Ev '^[[:space:]]*(recovery_|restore_command|archive_cleanup_command)|^$' "$data/postgresql.auto.conf" >"$tmp/settings" || :
  last=$(tail -n 1 "$tmp/line" | cut -d ' ' -f 1)
  {
    cat "$tmp/settings"
    printf "restore_command = 'false'\nrecovery_target_timeline = '%s'\nrecovery_target_action = 'promote'\n" "$((0x$last))"
    cat "$tmp/target"
  } >"$data/postgresql.auto.conf"
  : >"$data/recovery.signal"
}

# Base and log become a data directory, in a folder of its own first: nothing is where it was asked for unless all of it is.
wal() {
  for program in pg_verifybackup pg_controldata pg_waldump; do need "$program"; done
  find_layers
  layers=$(($(wc -l <"$tmp/layers")))
  [ "$layers" -eq 1 ] || need pg_combinebackup
  prove_manifest
  [ "$(field engine)" = postgresql ] || die "bases of engine $(field engine) are beyond this script; extract it"
  open_log
  find_target
  empty_folder "$into"
  empty_folder "${into}_tablespaces"
  spaces=${into}_tablespaces
  staged=$(mktemp -d "$into/.grill-recover.XXXXXX")
  data=$staged/data
  places=$spaces
  unpack_layers
  put_log
  settle_target
  put_settings
  find "$data/." ! -name . -prune -exec mv {} "$into/" \;
  chmod 700 "$into"
  rmdir "$spaces" 2>/dev/null || :
  spaces=
  say "written: $into; $reaches"
  say "give it to the user of the server, and start one of PostgreSQL $(field server.version) from it: it replays the log, and opens"
}

# --- command line ---------------------------------------------------------------------------------------------------

[ "$#" -gt 0 ] || { usage >&2; exit 2; }
command=$1
shift
case $command in
  help | -h | --help) usage; exit 0 ;;
  verify | extract | restore | wal) ;;
  *) usage >&2; exit 2 ;;
esac
[ "$#" -gt 0 ] || { usage >&2; exit 2; }
archive=$1
shift
key_file=
key_files=
into=
log=
to=
before_xid=
while [ "$#" -gt 0 ]; do
  [ "$#" -gt 1 ] || { usage >&2; exit 2; }
  case $1 in
    --key-file)
      key_file=$2
      key_files=$key_files$2'
'
      ;;
    --into) into=$2 ;;
    --log) log=$2 ;;
    --to) to=$2 ;;
    --before-xid) before_xid=$2 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift 2
done
[ "$command" = verify ] || [ -n "$into" ] || { usage >&2; exit 2; }
[ "$command" != wal ] || [ -n "$log" ] || { usage >&2; exit 2; }
case $command$log in extract?* | restore?*) usage >&2; exit 2 ;; esac
[ "$command" = wal ] || [ -z "$to$before_xid" ] || { usage >&2; exit 2; }
[ -z "$to" ] || [ -z "$before_xid" ] || { usage >&2; exit 2; }
case $before_xid in *[!0-9]*) usage >&2; exit 2 ;; esac
to=${to:-latest}
case $archive in /*) ;; *) archive=./$archive ;; esac
case $command in extract | wal) case $into in /*) ;; *) into=./$into ;; esac ;; esac
case $log in '' | /*) ;; *) log=./$log ;; esac
# the target name "base" is reserved: only bases are called so
case ${archive##*/} in base_*) document=base ;; *) document=archive ;; esac
spaces=
layers=1
server=
replica=
staged=
tmp=$(mktemp -d "${TMPDIR:-/tmp}/grill-recover.XXXXXX")
trap clean_up EXIT
trap 'exit 1' HUP INT QUIT TERM PIPE
printf %s "$key_files" >"$tmp/key_files"
"$command"
