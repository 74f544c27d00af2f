/** Days as a calendar has them: texts such as `2026-01-31`, which know of no time and no zone. */

const DAY = 86_400_000;

/** The day of a time, as the user's calendar has it. Without a zone it is the user's own. */
export function dayOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return Number.isNaN(Date.parse(text)) ? undefined : text;
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? undefined : written(time.getFullYear(), time.getMonth(), time.getDate());
}

export function today(): string {
  const now = new Date();
  return written(now.getFullYear(), now.getMonth(), now.getDate());
}

function written(year: number, month: number, day: number): string {
  const two = (number: number): string => String(number).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month + 1)}-${two(day)}`;
}

/** The beginning of a day, in the zone of the user, as the protocol has times. */
export function timeOf(day: string): string {
  return new Date(`${day}T00:00`).toISOString();
}

/** For formatters in UTC. */
export function dateOf(day: string): Date {
  return new Date(`${day}T00:00Z`);
}

export function plusDays(day: string, count: number): string {
  return new Date(dateOf(day).getTime() + count * DAY).toISOString().slice(0, 10);
}

/** The same day of another month, or its last where it is shorter. */
export function plusMonths(day: string, count: number): string {
  const date = dateOf(day);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() + count;
  const [year, month] = [Math.floor(months / 12), months % 12];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return written(year, month, Math.min(date.getUTCDate(), last));
}

/** The nearest day that is neither before the one nor after the other. */
export function bounded(day: string, least: string | undefined, most: string | undefined): string {
  if (most !== undefined && day > most) return most;
  return least !== undefined && day < least ? least : day;
}

/**
 * The weeks of the month of a day, with the days of other months that fill them up.
 *
 * @param first - Of a week: 1 for Monday, up to 7 for Sunday.
 */
export function weeksOf(day: string, first: number): string[][] {
  const begin = `${day.slice(0, 8)}01`;
  const start = plusDays(begin, -placeInWeek(begin, first));
  const end = plusDays(plusMonths(begin, 1), -1);
  const weeks: string[][] = [];
  for (let week = start; week <= end; week = plusDays(week, 7)) {
    weeks.push(Array.from({ length: 7 }, (_, index) => plusDays(week, index)));
  }
  return weeks;
}

export function placeInWeek(day: string, first: number): number {
  return (dateOf(day).getUTCDay() - first + 7) % 7;
}

interface WeekInfo {
  firstDay: number;
}

/** The first day of a week where a language is spoken: 1 for Monday, up to 7 for Sunday. */
export function firstDayOf(tag: string): number {
  // Of browsers, some have one, some the other, some none.
  const locale = new Intl.Locale(tag) as Intl.Locale & { getWeekInfo?(): WeekInfo; weekInfo?: WeekInfo };
  return (locale.getWeekInfo?.() ?? locale.weekInfo)?.firstDay ?? 1;
}
