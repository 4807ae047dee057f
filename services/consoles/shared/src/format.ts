// Numbers, moments and money, as the reader's own language writes them.
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const times = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const numbers = new Intl.NumberFormat();

export const moment = (iso: string | Date): string => formatted(moments, iso);
export const day = (iso: string | Date): string => formatted(days, iso);
export const time = (iso: string | Date): string => formatted(times, iso);
export const number = (value: number): string => numbers.format(value);

function formatted(format: Intl.DateTimeFormat, iso: string | Date): string {
  const date = new Date(iso);
  return Number.isNaN(date.valueOf()) ? String(iso) : format.format(date);
}

/** How long something took or takes, in the two largest units. */
export function duration(from: string, to?: string | Date): string {
  const spent = Math.max(0, Math.round((new Date(to ?? Date.now()).valueOf() - new Date(from).valueOf()) / 1000));
  if (spent < 60) return `${spent} s`;
  const minutes = Math.floor(spent / 60);
  if (minutes < 60) return `${minutes} min ${spent % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** An exact amount is a string: it is shown as it was sent, never counted with. */
export const money = (amount: string | number, currency = ""): string => (currency ? `${amount} ${currency}` : String(amount));

/** Rows as comma-separated values (RFC 4180); a cell that a spreadsheet would take for a formula is quoted as text. */
export function csv(rows: readonly (readonly (string | number)[])[]): string {
  const cell = (value: string | number) => {
    const text = String(value);
    const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) && !/^-?[\d.]+$/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

export function download(name: string, text: string, type = "text/csv"): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
