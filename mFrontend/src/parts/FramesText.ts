/** The text of a raw frame, laid out to be read; nothing in it is changed, no number rounded. */

const INDENT = "  ";
const DEPTH_MAX = 40;

/**
 * JSON with line breaks. Numbers never become binary fractions, and text that was cut off or is no
 * JSON at all comes out as far as it goes.
 */
export function laidOut(text: string): string {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return text;
  let out = "";
  let depth = 0;
  let quoted = false;
  const line = (): string => `\n${INDENT.repeat(Math.min(Math.max(depth, 0), DEPTH_MAX))}`;
  for (let at = 0; at < trimmed.length; at += 1) {
    const sign = trimmed[at] ?? "";
    if (quoted) {
      out += sign;
      if (sign === "\\") out += trimmed[(at += 1)] ?? "";
      else if (sign === '"') quoted = false;
    } else if (sign === '"') {
      quoted = true;
      out += sign;
    } else if (sign === "{" || sign === "[") {
      const close = sign === "{" ? "}" : "]";
      if (/^\s*$/.test(trimmed.slice(at + 1, trimmed.indexOf(close, at)))) {
        out += sign + close;
        at = trimmed.indexOf(close, at);
        continue;
      }
      depth += 1;
      out += sign + line();
    } else if (sign === "}" || sign === "]") {
      depth -= 1;
      out += line() + sign;
    } else if (sign === ",") out += sign + line();
    else if (sign === ":") out += ": ";
    else if (!/\s/.test(sign)) out += sign;
  }
  return out;
}

/** How a frame begins, on one line. */
export function beginning(text: string, lengthMax = 160): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > lengthMax ? `${line.slice(0, lengthMax)}…` : line;
}
