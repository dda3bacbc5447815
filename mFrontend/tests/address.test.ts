import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useChoice, useParameter } from "@/app/address";

/** As much of a browser's address as the page uses. */
class Address {
  pathname = "/orders";
  search = "";
  hash = "#top";

  go(to: string): void {
    const found = new URL(to, "http://page");
    this.pathname = found.pathname;
    this.search = found.search;
    this.hash = found.hash;
  }
}

let address: Address;

beforeEach(() => {
  address = new Address();
  vi.stubGlobal("location", address);
  vi.stubGlobal("history", {
    replaceState: (_state: unknown, _title: string, to: string) => address.go(to),
  });
  return () => vi.unstubAllGlobals();
});

/** What a component is given by its hooks. */
function handed<T>(read: () => T): T {
  const found: T[] = [];
  renderToStaticMarkup(
    createElement(() => {
      found.push(read());
      return null;
    }),
  );
  const [first] = found;
  if (first === undefined) throw new Error("nothing was rendered");
  return first;
}

describe("parameters of the address", () => {
  it("are read with their fallback, which is not written down", () => {
    address.search = "?search=btc&show=none";
    const useBoth = () => [useParameter("search", "eth"), useChoice("show", ["all", "open"])] as const;
    const [[search, write], [show, choose]] = handed(useBoth);
    expect([search, show]).toEqual(["btc", "all"]);
    choose("open");
    expect(address.search).toBe("?search=btc&show=open");
    write("eth");
    choose("all");
    expect([address.pathname, address.search, address.hash]).toEqual(["/orders", "", "#top"]);
  });

  it("may be written one after the other before anything is rendered again", () => {
    const [first, second] = handed(() => [useParameter("kind"), useParameter("level")]);
    first?.[1]("Disconnected");
    second?.[1]("error");
    expect(address.search).toBe("?kind=Disconnected&level=error");
  });
});
