import { expect, test } from 'vitest';
import { bounded, dayOf, firstDayOf, plusDays, plusMonths, timeOf, weeksOf } from './calendar';

test('the weeks of a month begin where weeks begin, and are whole', () => {
  const weeks = weeksOf('2026-05-20', 1);
  expect(weeks.map(([first]) => first)).toEqual(['2026-04-27', '2026-05-04', '2026-05-11', '2026-05-18', '2026-05-25']);
  expect(weeks.at(-1)?.at(-1)).toBe('2026-05-31');
  expect(weeksOf('2026-05-20', 7)[0]?.[0]).toBe('2026-04-26');
  expect(weeksOf('2024-02-29', 1).flat().filter((day) => day.startsWith('2024-02'))).toHaveLength(29);
});

test.each([
  ['2026-01-31', 1, '2026-02-28'],
  ['2024-01-31', 1, '2024-02-29'],
  ['2026-01-15', -1, '2025-12-15'],
  ['2024-02-29', 12, '2025-02-28'],
  ['2026-12-01', 1, '2027-01-01'],
])('%s and %i months is %s', (day, count, result) => {
  expect(plusMonths(day, count)).toBe(result);
});

test('days go on over months, years and the change of the clocks', () => {
  expect(plusDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(plusDays('2026-03-28', 2)).toBe('2026-03-30');
  expect(plusDays('2026-03-01', -1)).toBe('2026-02-28');
});

test('a day is within its bounds, where there are any', () => {
  expect(bounded('2026-05-20', undefined, undefined)).toBe('2026-05-20');
  expect(bounded('2026-05-20', '2026-05-21', undefined)).toBe('2026-05-21');
  expect(bounded('2026-05-20', undefined, '2026-05-19')).toBe('2026-05-19');
});

test('times are days of the user, and back', () => {
  expect(dayOf(new Date(2026, 0, 5, 23, 59).toISOString())).toBe('2026-01-05');
  expect(dayOf('2026-01-05')).toBe('2026-01-05');
  expect(dayOf('2026-01-05T23:30')).toBe('2026-01-05');
  expect(dayOf('2026-13-05')).toBeUndefined();
  expect(dayOf('soon')).toBeUndefined();
  expect(dayOf(timeOf('2026-01-05'))).toBe('2026-01-05');
});

test('weeks begin as they do where a language is spoken', () => {
  expect(firstDayOf('en-US')).toBe(7);
  expect(firstDayOf('de')).toBe(1);
});
