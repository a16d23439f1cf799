// Checks a typed stamp code before it is sent: the same rules as traceability/domain/stamp_codes.py, which explains
// them. No key is needed: a code that passes may still be unknown, one that fails was mistyped.
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 16;
const POLYNOMIAL = 37; // a^5 + a^2 + 1 over GF(2)

// normalise(" jqrb-9xw1 …") gives {code, flaw, positions}: `code` is the 16 characters or "", `flaw` is "" or one of
// "empty", "characters", "length", "check", `positions` index what was typed where no code can have that character.
export function normalise(text) {
  const positions = [];
  let code = "";
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === " " || text[i] === "-") continue;
    // Only ASCII letters are folded: toUpperCase() alone would turn some others into them.
    const folded = /[a-z]/.test(text[i]) ? text[i].toUpperCase() : text[i];
    const character = folded === "O" ? "0" : folded === "I" || folded === "L" ? "1" : folded;
    if (ALPHABET.includes(character)) code += character;
    else positions.push(i);
  }
  if (positions.length > 0) return { code: "", flaw: "characters", positions };
  if (code.length !== LENGTH) return { code: "", flaw: code ? "length" : "empty", positions };
  return check(code) ? { code, flaw: "", positions } : { code: "", flaw: "check", positions };
}

// True when the sixteen values x_i satisfy: the sum of x_i * a^(15-i) is zero in GF(32).
export function check(code) {
  let sum = 0;
  for (const character of code.slice(0, LENGTH - 1)) {
    sum = (sum ^ ALPHABET.indexOf(character)) << 1;
    if (sum & 32) sum ^= POLYNOMIAL;
  }
  return code.length === LENGTH && ALPHABET[sum] === code[LENGTH - 1];
}

// group("JQRB9XW17RESS24T") gives "JQRB-9XW1-7RES-S24T".
export function group(code) {
  return code.match(/.{1,4}/g)?.join("-") ?? "";
}
