// Colours of calendars: one of the eight that read well on both themes, the nearest to what the provider says.
import type { Calendar } from './types';

/** Hues in degrees of --hue-0 … --hue-7. */
const DEGREES = [224, 147, 30, 315, 187, 255, 5, 66];

export function hueOf(calendar: Pick<Calendar, 'color' | 'id'>, place: number): number {
  const degree = degreeOf(calendar.color);
  if (degree === null) return place % DEGREES.length;
  const away = (other: number): number => Math.min(Math.abs(other - degree), 360 - Math.abs(other - degree));
  return DEGREES.reduce((best, other, index) => (away(other) < away(DEGREES[best]!) ? index : best), 0);
}

function degreeOf(color: string): number | null {
  const match = /^#(..)(..)(..)$/.exec(color);
  if (!match) return null;
  const [red, green, blue] = match.slice(1).map((part) => Number.parseInt(part, 16) / 255) as [number, number, number];
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  if (most - least < 0.1) return null; // grey is no hue
  const span = most - least;
  const sixth = most === red ? ((green - blue) / span + 6) % 6 : most === green ? (blue - red) / span + 2 : (red - green) / span + 4;
  return sixth * 60;
}
