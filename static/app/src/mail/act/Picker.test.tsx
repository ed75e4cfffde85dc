import { cleanup, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Folder } from 'lucide-react';
import { afterEach, describe, expect, it } from 'vitest';
import { show } from '../../testing/view';
import { Picker, fits } from './Picker';

afterEach(cleanup);

const NAMES = ['Archive', 'Projects', 'Invoices'];

async function open(): Promise<{ chosen: string[]; closed: () => number }> {
  const chosen: string[] = [];
  let closed = 0;
  const choices = (typed: string) => NAMES.filter((name) => fits(name, typed)).map((name) => ({ id: name, text: name, icon: Folder }));
  await show(<Picker title="Move to" find="Find a mailbox" none="No such mailbox" choices={choices} onChoose={(id) => chosen.push(id)} onClose={() => (closed += 1)} />);
  return { chosen, closed: () => closed };
}

describe('a picker', () => {
  it('takes what fits best when a name is pasted', async () => {
    const { chosen, closed } = await open();
    await userEvent.paste('pro');
    await userEvent.keyboard('{Enter}');
    expect(chosen).toEqual(['Projects']);
    expect(closed()).toBe(1);
  });

  it('takes what is marked, once', async () => {
    const { chosen, closed } = await open();
    await userEvent.keyboard('i');
    expect(screen.getAllByRole('menuitem').map((item) => item.textContent)).toEqual(['Archive', 'Invoices']);
    await userEvent.keyboard('{ArrowDown}{Enter}');
    expect(chosen).toEqual(['Invoices']);
    expect(closed()).toBe(1);
  });

  it('takes nothing when nothing is typed, or nothing fits', async () => {
    const { chosen } = await open();
    await userEvent.keyboard('{Enter}');
    await userEvent.paste('zzz');
    await userEvent.keyboard('{Enter}');
    expect(chosen).toEqual([]);
    expect(screen.getByText('No such mailbox')).toBeTruthy();
  });

  it('closes at the first Escape, whatever is typed', async () => {
    const { chosen, closed } = await open();
    await userEvent.keyboard('pro{Escape}');
    expect(closed()).toBe(1);
    expect(chosen).toEqual([]);
  });
});
