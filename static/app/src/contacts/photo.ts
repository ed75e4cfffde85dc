// A picture that a person chose, made as small as address books want it: 400 pixels a side, JPEG.
import type { Photo } from './types';

const SIDE = 400;
const QUALITY = 0.85;

/** Where a square is cut out of a picture: from its middle. */
export function square(width: number, height: number): { x: number; y: number; side: number } {
  const side = Math.min(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, side };
}

/** Raises for a file that the browser cannot show. */
export async function shrunk(file: Blob): Promise<Photo> {
  const picture = await createImageBitmap(file);
  const { x, y, side } = square(picture.width, picture.height);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = Math.min(SIDE, side);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  context.fillStyle = 'white'; // what is transparent has no colour in a JPEG
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
  picture.close();
  const [, data = ''] = canvas.toDataURL('image/jpeg', QUALITY).split(',');
  return { media_type: 'image/jpeg', data };
}
