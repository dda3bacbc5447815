/** When a page that stays open must be loaded anew. */
import { expect, it } from "vitest";
import { isOther } from "@/app/renewal";

const page = (script: string) =>
  `<script type="module" crossorigin src="${script}"></script><div id="root"></div>`;

it("is loaded anew for another build", () => {
  expect(isOther(page("/assets/index-b.js"), "/assets/index-a.js")).toBe(true);
});

it("stays for the build that it came with, however a file was lost", () => {
  expect(isOther(page("/assets/index-a.js"), "/assets/index-a.js")).toBe(false);
});

it("stays where what is served is no build, or where it does not know its own", () => {
  expect(isOther("<title>502 Bad Gateway</title>", "/assets/index-a.js")).toBe(false);
  expect(isOther(page("/assets/index-b.js"), null)).toBe(false);
});
