/** Lines through points, as the protocol names them; the names are those of d3-shape. */

export interface Point {
  x: number;
  y: number;
}

/** The path of a curve. Names that are not known make a smooth one. */
export function curved(name: string, points: readonly Point[]): string {
  const isClosed = name.endsWith('Closed');
  const curve = Object.hasOwn(CURVES, name) ? CURVES[name]! : monotone;
  return `${curve(points)}${isClosed ? ' Z' : ''}`;
}

type Curve = (points: readonly Point[]) => string;

const straight: Curve = (points) =>
  points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'} ${x} ${y}`).join(' ');

/** Level from point to point, with a step at this part of the way. */
const stepped = (part: number): Curve => (points) =>
  points
    .map((point, index) => {
      const before = points[index - 1];
      if (!before) return `M ${point.x} ${point.y}`;
      return `H ${before.x + (point.x - before.x) * part} V ${point.y} H ${point.x}`;
    })
    .join(' ');

/** Leaves and meets each point level, or upright. */
const bump = (isUpright: boolean): Curve => (points) =>
  points
    .map((point, index) => {
      const before = points[index - 1];
      if (!before) return `M ${point.x} ${point.y}`;
      const [x, y] = [(before.x + point.x) / 2, (before.y + point.y) / 2];
      return isUpright
        ? `C ${before.x} ${y} ${point.x} ${y} ${point.x} ${point.y}`
        : `C ${x} ${before.y} ${x} ${point.y} ${point.x} ${point.y}`;
    })
    .join(' ');

/** Never goes beyond its points (Steffen 1990). */
const monotone: Curve = (points) => {
  const slope = (index: number): number => {
    const [one, other] = [points[index], points[index + 1]];
    return one && other && other.x !== one.x ? (other.y - one.y) / (other.x - one.x) : 0;
  };
  const tangent = (index: number): number => {
    if (index === 0) return slope(0);
    if (index === points.length - 1) return slope(index - 1);
    const [before, after] = [slope(index - 1), slope(index)];
    if (before * after <= 0) return 0;
    const [h0, h1] = [points[index]!.x - points[index - 1]!.x, points[index + 1]!.x - points[index]!.x];
    const mean = (before * h1 + after * h0) / (h0 + h1);
    return Math.sign(mean) * Math.min(Math.abs(before), Math.abs(after), Math.abs(mean) / 2) * 2;
  };
  return withTangents(points, tangent);
};

/** As smooth as it gets: it may go a little beyond its points (a Catmull-Rom spline). */
const natural: Curve = (points) =>
  withTangents(points, (index) => {
    const [before, after] = [points[Math.max(0, index - 1)]!, points[Math.min(points.length - 1, index + 1)]!];
    return after.x === before.x ? 0 : (after.y - before.y) / (after.x - before.x);
  });

function withTangents(points: readonly Point[], tangent: (index: number) => number): string {
  return points
    .map((point, index) => {
      const before = points[index - 1];
      if (!before) return `M ${point.x} ${point.y}`;
      const third = (point.x - before.x) / 3;
      const [from, to] = [before.y + tangent(index - 1) * third, point.y - tangent(index) * third];
      return `C ${before.x + third} ${from} ${point.x - third} ${to} ${point.x} ${point.y}`;
    })
    .join(' ');
}

/** Drawn to its points, but only through the first and the last (a cubic B-spline). */
const basis: Curve = (points) => {
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last) return '';
  const pieces = [`M ${first.x} ${first.y}`];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    const after = points[index + 1] ?? point;
    if (!before) continue;
    const third = (one: number, other: number, part: number): number => (one * (3 - part) + other * part) / 3;
    const mid = (one: number, two: number, three: number): number => (one + 4 * two + three) / 6;
    const to = after === point ? last : { x: mid(before.x, point.x, after.x), y: mid(before.y, point.y, after.y) };
    pieces.push(
      `C ${third(before.x, point.x, 1)} ${third(before.y, point.y, 1)} ${third(before.x, point.x, 2)} ${third(before.y, point.y, 2)} ${to.x} ${to.y}`,
    );
  }
  return pieces.join(' ');
};

const CURVES: Readonly<Record<string, Curve>> = {
  linear: straight,
  linearClosed: straight,
  step: stepped(0.5),
  stepBefore: stepped(0),
  stepAfter: stepped(1),
  bump: bump(false),
  bumpX: bump(false),
  bumpY: bump(true),
  basis,
  basisClosed: basis,
  basisOpen: basis,
  natural,
  monotone,
  monotoneX: monotone,
  monotoneY: monotone,
};
