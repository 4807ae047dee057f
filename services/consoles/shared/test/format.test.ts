import { describe, expect, it } from "vitest";
import { csv, duration } from "../src/format.ts";

describe("CSV", () => {
  it("quotes what would end a cell", () => {
    expect(csv([["a,b", 'say "x"', "two\nlines", 3]])).toBe('"a,b","say ""x""","two\nlines",3\r\n');
  });

  it("gives a spreadsheet no formula, and leaves numbers as they are", () => {
    expect(csv([["=HYPERLINK(1)", "-12.50", "@sum"]])).toBe("'=HYPERLINK(1),-12.50,'@sum\r\n");
  });
});

describe("a duration", () => {
  it("has two units at most", () => {
    const from = "2026-01-01T00:00:00Z";
    expect(duration(from, "2026-01-01T00:00:11Z")).toBe("11 s");
    expect(duration(from, "2026-01-01T00:02:05Z")).toBe("2 min 5 s");
    expect(duration(from, "2026-01-01T05:02:05Z")).toBe("5 h 2 min");
    expect(duration(from, "2026-01-04T05:00:00Z")).toBe("3 d 5 h");
  });
});
