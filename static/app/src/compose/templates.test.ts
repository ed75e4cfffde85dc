import { expect, it } from 'vitest';
import { fieldsOf, filled, knownValues } from './templates';

it('finds the fields, each once', () => expect(fieldsOf('Per {{ nome }}', '<p>{{nome}} il {{data}} {{}}</p>')).toEqual(['nome', 'data']));

it('fills in what is known, as text and never as markup', () => {
  const known = knownValues({ name: 'Anna <b>Rossi', address: 'anna@b.it' }, 'Oggetto', { name: 'Emily', address: 'e@f.it' }, '28 novembre');
  expect(filled({ subject: '{{name}}: {{x}}', html: '<p>{{ name }}, {{nome}}, {{my name}}, {{x}}</p>' }, known)).toEqual({
    subject: 'Anna <b>Rossi: {{x}}', html: '<p>Anna &lt;b&gt;Rossi, Anna, Emily, {{x}}</p>',
  });
});
