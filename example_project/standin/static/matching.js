/* In: what a page gives to init as user data. Out: the same, normalised and hashed as the library is known to do. */

const HEX = /^([0-9a-f]{64}|[0-9a-f]{32})$/i;
const squeezed = (text) => text.toLowerCase().replace(/\s+/g, "");
const bareName = (text) => squeezed(text).replace(/[!-/:-@[-`{-~]/g, "");
const bareCity = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
const NORMALIZE = {
  em: (text) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text.trim()) ? text.trim().toLowerCase() : ""),
  ph: (text) => text.replace(/\D/g, "").replace(/^0+/, ""),
  fn: bareName,
  ln: bareName,
  ge: (text) => (/^[fm]/.exec(squeezed(text)) || [""])[0],
  db: (text) => text.replace(/\D/g, ""),
  ct: bareCity,
  st: (text) => bareCity(text).slice(0, 2),
  zp: (text) => text.trim().toLowerCase().split("-")[0],
  country: squeezed,
  external_id: squeezed,
};

function hashedUserData(values) {
  const hashed = {};
  Object.entries(values).forEach(([key, value]) => {
    const text = String(value === null || value === undefined ? "" : value);
    const ready = HEX.test(text.trim());
    const normal = ready ? text.trim().toLowerCase() : Object.hasOwn(NORMALIZE, key) ? NORMALIZE[key](text) : squeezed(text);
    if (normal) {
      hashed[key] = ready ? normal : sha256(normal);
    }
  });
  return hashed;
}

/* Small, and there without a secure context, unlike crypto.subtle. */
function sha256(text) {
  const [state, constants] = sha256Constants();
  const bytes = [...new TextEncoder().encode(text)];
  const bits = bytes.length * 8;
  bytes.push(0x80);
  while (bytes.length % 64 !== 56) {
    bytes.push(0);
  }
  bytes.push(0, 0, 0, 0, bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255);
  for (let at = 0; at < bytes.length; at += 64) {
    mix(state, constants, bytes.slice(at, at + 64));
  }
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/* Eight roots and 64 cube roots of primes: the first 32 bits of their fractions. */
function sha256Constants() {
  const primes = [];
  for (let number = 2; primes.length < 64; number += 1) {
    if (primes.every((prime) => number % prime)) {
      primes.push(number);
    }
  }
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  return [primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))), primes.map((prime) => fraction(Math.cbrt(prime)))];
}

function mix(state, constants, block) {
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const words = [];
  for (let i = 0; i < 64; i += 1) {
    if (i < 16) {
      words[i] = (block[4 * i] << 24) | (block[4 * i + 1] << 16) | (block[4 * i + 2] << 8) | block[4 * i + 3];
    } else {
      const [far, near] = [words[i - 15], words[i - 2]];
      const low = turn(far, 7) ^ turn(far, 18) ^ (far >>> 3);
      const high = turn(near, 17) ^ turn(near, 19) ^ (near >>> 10);
      words[i] = (words[i - 16] + low + words[i - 7] + high) | 0;
    }
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i += 1) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + choice + constants[i] + words[i]) | 0;
    const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + majority) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => { state[i] = (state[i] + word) | 0; });
}
