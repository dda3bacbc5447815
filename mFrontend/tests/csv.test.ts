import { describe, expect, it } from "vitest";
import { csv, csvCell, fields, timeField } from "@/parts/csv";

interface Row {
  readonly symbol: string;
  readonly quantity: string | null;
  readonly stale: boolean;
  readonly opened_us: number | null;
}

const COLUMNS = [
  ...fields("symbol", "quantity", "stale"),
  timeField<Row>("opened_at", (row) => row.opened_us),
];

describe("CSV", () => {
  it("keeps every digit, writes times in UTC to the microsecond, and nothing for the unknown", () => {
    const rows: Row[] = [
      {
        symbol: "BTC-USD",
        quantity: "-0.1000000000000000001",
        stale: false,
        opened_us: 1_795_282_745_779_001,
      },
      { symbol: "ETH", quantity: null, stale: true, opened_us: null },
    ];
    expect(csv(rows, COLUMNS)).toBe(
      "symbol,quantity,stale,opened_at\r\n" +
        "BTC-USD,-0.1000000000000000001,false,2026-11-21T17:39:05.779001Z\r\n" +
        "ETH,,true,\r\n",
    );
  });

  it("has a head, even without rows", () => {
    expect(csv([], COLUMNS)).toBe("symbol,quantity,stale,opened_at\r\n");
  });

  it("quotes what would end a cell or a line", () => {
    expect(csvCell("a,b")).toBe('"a,b"');
    expect(csvCell('say "no"')).toBe('"say ""no"""');
    expect(csvCell("two\nlines")).toBe('"two\nlines"');
  });

  it.each(["=1+1", "+1", "@SUM(A1)", "-A1", "|cmd", "%x", "\tx", "  =1", "-1+2", "--1"])(
    "takes from %j what a spreadsheet would carry out",
    (text) => {
      expect(csvCell(text)).toBe(`'${text}`);
    },
  );

  it("quotes a line break that a formula could hide behind", () => {
    expect(csvCell("\r=1")).toBe('"\'\r=1"');
  });

  it.each(["-1", "-0.5", "1e-9", "-1E+5", "0"])("leaves the number %s a number", (text) => {
    expect(csvCell(text)).toBe(text);
  });

  it("spells what is no text", () => {
    expect([csvCell(true), csvCell(0), csvCell(-2.5), csvCell(undefined)]).toEqual([
      "true",
      "0",
      "-2.5",
      "",
    ]);
  });
});
