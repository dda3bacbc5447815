/** Hands a file to the browser's downloads. */

/** By then the browser has begun to read it, and holds it by itself. */
const HELD_MS = 60_000;

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), HELD_MS);
}
