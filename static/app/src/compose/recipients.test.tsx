import 'fake-indexeddb/auto';
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { useState } from 'react';
import { afterEach, beforeAll, expect, it } from 'vitest';
import type { Addr } from '../api/types';
import { startLanguages } from '../i18n';
import { Mirror } from '../store/mirror';
import { People } from './people';
import { Recipients } from './Recipients';

beforeAll(startLanguages);
afterEach(cleanup);

const ANNA = { name: 'Anna', address: 'anna@example.org' };
const BORIS = { name: 'Boris', address: 'boris@example.org' };
const source = new People(new Mirror('tenant:person'));

function Line({ start }: { start: Addr[] }) {
  const [people, setPeople] = useState(start);
  return <Recipients ref={null} field="to" label="To" people={people} source={source} disabled={false} onChange={setPeople} onMove={() => undefined} onSubmit={() => undefined} />;
}
const line = (): HTMLElement => screen.getByRole('combobox', { name: 'To' });
const chip = (name: string): HTMLElement => screen.getByText(name).closest('button')!;

it('keeps the focus in the field when a person is taken out, so that no key becomes a shortcut', () => {
  render(<Line start={[ANNA, BORIS]} />);
  line().focus();
  fireEvent.keyDown(line(), { key: 'Backspace' });
  expect(document.activeElement).toBe(chip('Boris'));
  fireEvent.keyDown(chip('Boris'), { key: 'Delete' });
  expect(document.activeElement).toBe(chip('Anna'));
  fireEvent.keyDown(chip('Anna'), { key: 'Delete' });
  expect(document.activeElement).toBe(line());
});

it('gives a person back to the line to be typed anew', () => {
  render(<Line start={[ANNA]} />);
  chip('Anna').focus();
  fireEvent.keyDown(chip('Anna'), { key: 'F2' });
  expect(document.activeElement).toBe(line());
  expect(line()).toHaveProperty('value', 'Anna <anna@example.org>');
});
