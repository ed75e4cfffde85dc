// Which attachments can be shown in place. Pictures by the same list as everywhere: never SVG, which can hold scripts.
import type { Attachment } from '../api/types';

const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif)$/;
const TEXT = /^(?:text\/(?:plain|csv|markdown|x-log|tab-separated-values)|application\/json)$/;
const MOST_PICTURE = 25_000_000;
const MOST_TEXT = 2_000_000;
const MOST_PDF = 50_000_000;

export function previewOf({ content_type, size }: Attachment): 'picture' | 'text' | 'pdf' | null {
  if (PICTURE.test(content_type) && size <= MOST_PICTURE) return 'picture';
  if (TEXT.test(content_type) && size <= MOST_TEXT) return 'text';
  if (content_type === 'application/pdf' && size <= MOST_PDF) return 'pdf';
  return null;
}
