"""Where is a private key? Takes it out of a lab's database with the lab's master key, and looks for its primes."""

import hashlib
import hmac
import subprocess

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import postgres
from rmslab import b64


def hkdf(key, salt, info):
    secret = hmac.new(salt, key, hashlib.sha256).digest()
    return hmac.new(secret, info + b"\x01", hashlib.sha256).digest()


def private_blob(lab, key_id):
    """What the service has of a key that it keeps itself, opened with the master key."""
    where = f"FROM tenant_key WHERE id = '{key_id}'"
    cluster = postgres.of_environment()
    if cluster is not None:
        row = cluster.sql(f"SELECT tenant_id, encode(sealed, 'hex') {where}", lab.dir.name)[0]
    else:
        row = subprocess.run(["sqlite3", "-readonly", lab.data / "db/openrms.db", f"SELECT tenant_id, hex(sealed) {where}"],
                             check=True, capture_output=True, text=True).stdout
    tenant, sealed = row.strip().split("|")
    sealed = bytes.fromhex(sealed)
    sealing = hkdf((lab.data / "master.key").read_bytes(), b"OpenRMS keyd", b"seal v1")
    context = b"OpenRMS key v1\0\x01" + bytes.fromhex(key_id.replace("-", "")) + bytes.fromhex(tenant.replace("-", ""))
    return open_box(sealing, sealed, context)


def open_box(key, box, context):
    return AESGCM(key).decrypt(box[1:13], box[13:], box[:1] + context)


def factors(blob):
    """Needles: the middle of each prime, in both byte orders."""
    bits = int.from_bytes(blob[12:16], "little")
    numbers = blob[20 + bits // 8:20 + bits // 4]
    primes = numbers[:bits // 16], numbers[bits // 16:]
    modulus = int.from_bytes(blob[20:20 + bits // 8], "little")
    assert int.from_bytes(primes[0], "little") * int.from_bytes(primes[1], "little") == modulus
    middle = [p[20:60] for p in primes]
    return middle + [m[::-1] for m in middle]


def memory_with(pid, needles):
    found = []
    with open(f"/proc/{pid}/maps", encoding="ascii") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in maps:
            span, mode = line.split()[:2]
            begin, end = (int(x, 16) for x in span.split("-"))
            if "r" not in mode or "[v" in line or end - begin > 1 << 32:
                continue
            try:
                memory.seek(begin)
                data = memory.read(end - begin)
            except OSError:
                continue
            found += [line.strip() for needle in needles if needle in data]
    return found


def files_with(lab, needles):
    """Every file below the lab but the token's own. Base64 shifts what it has by up to two bytes."""
    texts = [form for n in needles for form in (n, n.hex().encode(), *(b64(n[k:])[4:-4].encode() for k in range(3)))]
    return [str(p) for p in lab.dir.rglob("*") if p.is_file() and (lab.token is None or lab.token.tokens not in p.parents)
            for data in [p.read_bytes()] if any(text in data for text in texts)]


def places_with(lab, needles):
    """Every file below the lab but the token's own, every process of the service."""
    found = files_with(lab, needles)
    for name, pid in {"rmsd": lab.rmsd.pid, **lab.children()}.items():
        found += [f"{name}: {where}" for where in memory_with(pid, needles)]
    return found
