/**
 * A page that stays open while the service is upgraded: the files of the views that it has not
 * opened yet are gone, so it is loaded anew, which brings the new build.
 *
 * Only where there is another build: a file that could not be had for another reason is an error
 * that the view shows, and a page must not load itself again and again.
 */

const script = (): string | null =>
  document.querySelector("script[type=module][src]")?.getAttribute("src") ?? null;

/** Whether the page that is served now begins with another script than this one. */
export function isOther(served: string, own: string | null): boolean {
  return own !== null && served.includes('id="root"') && !served.includes(`"${own}"`);
}

async function renew(): Promise<void> {
  const answer = await fetch("/", { cache: "no-cache" }).catch(() => null);
  if (answer?.ok && isOther(await answer.text(), script())) location.reload();
}

export function startRenewal(): void {
  window.addEventListener("vite:preloadError", () => void renew());
}
