/** How long a bar is still open, ticking by the second. */

const two = (value: number): string => String(value).padStart(2, "0");

/** `0:42`, `3:05:00`, `2 d 3:05:00`; `due` once it has passed. */
export function countdown(seconds: number): string {
  if (seconds <= 0) return "due";
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const clock = hours || days ? `${hours}:${two(minutes)}` : String(minutes);
  return `${days ? `${days}\u202fd ` : ""}${clock}:${two(seconds % 60)}`;
}
