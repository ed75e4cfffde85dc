// One event of an answer under way, folded into its turn. Pure.
import type { ChatEvent, Turn } from './types';

/** A question that was just asked. */
export const asked = (question: string, session: string | null): Turn => ({
  id: '', session_id: session ?? '', state: 'asked', at: new Date().toISOString(), question, answer: '', citations: [], steps: [], problem: null, proposed: [],
});

export function fold(turn: Turn, event: ChatEvent): Turn {
  switch (event.type) {
    case 'begun': return { ...turn, id: event.turn_id, session_id: event.session_id };
    // What was written before a look was said on the way: the answer begins after it.
    case 'step': return { ...turn, answer: '', citations: [], steps: [...turn.steps, { tool: event.tool, refused: event.refused }] };
    case 'words': return { ...turn, answer: turn.answer + event.text, citations: [...turn.citations, ...event.citations] };
    case 'again': return { ...turn, answer: '', citations: [] };
    case 'closed': return { ...turn, state: 'failed', problem: { code: 'closed', detail: '' } };
    case 'answer': return { ...event.turn, proposed: event.proposed, hits: event.hits };
  }
}

export type Part = { kind: 'text'; text: string } | { kind: 'cite'; name: string };
const MARK = /\[([MEC]\d{1,4}(?:, [MEC]\d{1,4})*)\]/g;

/** The text of an answer, cut at its marks. */
export function parts(answer: string): Part[] {
  const found: Part[] = [];
  let at = 0;
  for (const mark of answer.matchAll(MARK)) {
    // The space before a mark stays with it: a chip has its own distance.
    const text = answer.slice(at, mark.index).replace(/ $/, '');
    if (text) found.push({ kind: 'text', text });
    for (const name of mark[1]!.split(', ')) found.push({ kind: 'cite', name });
    at = mark.index + mark[0].length;
  }
  if (at < answer.length) found.push({ kind: 'text', text: answer.slice(at) });
  return found;
}
