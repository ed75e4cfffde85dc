// Files of a message: attachments by a signed link, the original by the person's own token.
import type { RequestOptions } from '../api/request';
import type { Attachment, Id } from '../api/types';
import { authorised, request } from '../auth/session';

/** Start the browser's own download of an attachment. Raises as `request` does. */
export async function downloadAttachment(attachment: Attachment): Promise<void> {
  const { url } = await request<{ url: string }>(`attachments/${attachment.id}/link`, { method: 'POST' });
  click(url, attachment.filename);
}

/** Save the message as the server received it. Raises as `request` does. */
export async function downloadOriginal(message: Id, subject: string): Promise<void> {
  await saveAs(`messages/${message}/raw`, `${fileName(subject) || 'message'}.eml`);
}

/** Save what the server answers as a file of this name. Raises as `request` does. */
export async function saveAs(path: string, name: string, options: RequestOptions = {}): Promise<void> {
  const answer = await authorised(path, options);
  const url = URL.createObjectURL(await answer.blob());
  click(url, name);
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function click(url: string, name: string): void {
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
}

/** Characters that a file system refuses, and leading dots, do not belong in a name. */
export function fileName(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u001f<>:"/\\|?*\u202a-\u202e\u2066-\u2069]+/g, ' ').replace(/\s+/g, ' ').trim().replace(/^\.+/, '').slice(0, 100);
}
