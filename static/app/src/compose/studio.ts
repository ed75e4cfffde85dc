// Everything that writing needs beside the editor, once for each signed-in person and tab: drafts, files on their
// way, identities, pictures. Loaded when the page is idle, so that a composer opens at once.
import { authorised, session } from '../auth/session';
import type { Attachment, Id } from '../api/types';
import { Problem, Unreachable } from '../api/request';
import { Emitter } from '../store/emitter';
import type { Mirror } from '../store/mirror';
import { calls } from './calls';
import { Desk } from './desk';
import { forgetOtherDrafts, openDraftStore, type DraftStore } from './draftStore';
import { isFree } from './locks';
import { Outgoing } from './outgoing';
import { People } from './people';
import type { Identity, Template } from './types';
import { Uploads } from './uploads';

export class Studio {
  readonly desk: Desk;
  readonly uploads: Uploads;
  readonly outgoing: Outgoing;
  readonly people: People;
  readonly pictures = new PictureShelf();
  identities: Identity[] = [];
  templates: Template[] = [];
  private readonly changed = new Emitter();
  private readonly store: DraftStore;
  private readonly leave: (() => void)[];

  constructor(mirror: Mirror, store: DraftStore) {
    this.store = store;
    this.desk = new Desk(calls, store);
    this.uploads = new Uploads(calls, store);
    this.uploads.onDone((transfer, attachment) => {
      if (attachment.content_id) this.pictures.put(attachment.content_id, transfer.file);
      this.desk.attach(transfer.draft, attachment);
    });
    this.people = new People(mirror);
    this.outgoing = new Outgoing(this.desk, calls);
    this.leave = [
      mirror.onFrame((frame) => {
        if (frame.event === 'draft:update') this.outgoing.heard(frame.data.draft);
        else if (frame.event === 'draft:delete') void this.desk.heardGone(frame.data.id);
      }),
      session.subscribe(() => {
        // Words that were never saved wait for the same person, unless they left on purpose.
        const now = session.state();
        if (now.status === 'out' && now.reason === 'left') void store.forget();
      }),
    ];
  }

  async start(): Promise<void> {
    this.identities = (await this.store.kept<Identity[]>('identities')) ?? [];
    this.templates = (await this.store.kept<Template[]>('templates')) ?? [];
    void this.refresh();
    void this.desk.takeUp(isFree);
    void this.outgoing.takeUp();
  }

  stop(): void {
    if (current === this) current = null;
    for (const undo of this.leave) undo();
    this.desk.stop();
    this.uploads.stop();
    this.outgoing.stop();
    this.pictures.stop();
    this.store.close();
  }

  on(listener: () => void): () => void {
    return this.changed.on(listener);
  }

  /** Read identities and templates anew; without the server those of the last time hold. */
  async refresh(): Promise<void> {
    try {
      const [identities, templates] = await Promise.all([calls.identities(), calls.templates()]);
      this.setIdentities(identities.items);
      this.setTemplates(templates.items);
    } catch (error) {
      if (!(error instanceof Unreachable) && !(error instanceof Problem)) throw error;
    }
  }

  setIdentities(identities: Identity[]): void {
    this.identities = identities;
    void this.store.keep('identities', identities);
    this.changed.emit();
  }

  setTemplates(templates: Template[]): void {
    this.templates = templates;
    void this.store.keep('templates', templates);
    this.changed.emit();
  }

  identity(id: Id | null): Identity | undefined {
    return this.identities.find((identity) => identity.id === id);
  }

  /** Have the pictures of a draft's text ready to be shown. */
  showPictures(attachments: Attachment[]): void {
    for (const { content_id: cid, url } of attachments) if (cid) this.pictures.fetch(cid, url);
  }
}

/** Pictures in texts that are being written, by Content-ID. */
export class PictureShelf {
  private readonly urls = new Map<string, string>();
  private readonly asked = new Set<string>();
  private readonly changed = new Emitter();

  url(cid: string): string | null {
    return this.urls.get(cid) ?? null;
  }

  on(listener: () => void): () => void {
    return this.changed.on(listener);
  }

  put(cid: string, bytes: Blob): void {
    if (this.urls.has(cid)) return;
    this.urls.set(cid, URL.createObjectURL(bytes));
    this.changed.emit();
  }

  fetch(cid: string, url: string): void {
    if (this.urls.has(cid) || this.asked.has(cid)) return;
    this.asked.add(cid);
    authorised(url).then((answer) => answer.blob()).then((bytes) => this.put(cid, bytes)).catch((error: unknown) => {
      // A picture that cannot be had leaves its name; it is asked for again with the next opening.
      this.asked.delete(cid);
      if (!(error instanceof Problem) && !(error instanceof Unreachable)) throw error;
    });
  }

  stop(): void {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
  }
}

let current: Studio | null = null;
/** The studio of who is signed in; null before it is open. */
export const currentStudio = (): Studio | null => current;

/** Open the person's studio. `scope` names tenant and person, and with them what this device keeps. */
export async function openStudio(scope: string, mirror: Mirror): Promise<Studio> {
  void forgetOtherDrafts(scope);
  const studio = new Studio(mirror, await openDraftStore(scope));
  await studio.start();
  current = studio;
  return studio;
}
