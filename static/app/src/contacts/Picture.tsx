// A contact's own picture; initials until it is there, and without one. A picture is read once however often it is
// scrolled past.
import { useEffect, useState } from 'react';
import { authorised } from '../auth/session';
import { Avatar } from '../ui/Feedback';
import css from './contacts.module.css';
import type { Contact } from './types';

/** Pictures that are kept; the one that was not looked at for longest goes first. */
const MOST = 300;
const held = new Map<string, Promise<string | null>>();

function read(photo: string, rev: number): Promise<string | null> {
  const key = `${photo} ${rev}`;
  const known = held.get(key);
  held.delete(key);
  const found = known ?? authorised(photo).then((answer) => answer.blob()).then((blob) => URL.createObjectURL(blob), () => {
    held.delete(key); // asked again the next time
    return null;
  });
  held.set(key, found);
  if (held.size > MOST) {
    const [oldest, url] = held.entries().next().value!;
    held.delete(oldest);
    void url.then((made) => made && URL.revokeObjectURL(made));
  }
  return found;
}

interface PictureProps {
  contact: Pick<Contact, 'name' | 'emails' | 'photo' | 'rev'>;
  large?: boolean;
}

export function Picture({ contact, large = false }: PictureProps) {
  const { photo, rev } = contact;
  const [shown, show] = useState<{ of: string; url: string | null } | null>(null);
  useEffect(() => {
    if (!photo) return;
    let over = false;
    void read(photo, rev).then((url) => over || show({ of: photo, url }));
    return () => {
      over = true;
    };
  }, [photo, rev]);
  const url = photo && shown?.of === photo ? shown.url : null;
  return (
    <span className={large ? css.picture : css.face}>
      {url ? <img src={url} alt="" /> : <Avatar name={contact.name} address={contact.emails[0] ?? ''} />}
    </span>
  );
}
