import { expect, it } from 'vitest';
import { mailtoRequest } from './mailto';

it('reads recipients, subject and text; a plus stands for itself', () => {
  expect(mailtoRequest('mailto:a+b@c.it,d@e.it?subject=Ciao%20mondo&body=Riga%201%0D%0ARiga%202&cc=f@g.it&to=h@i.it')).toEqual({
    mode: 'new', to: 'a+b@c.it,d@e.it, h@i.it', subject: 'Ciao mondo', body: 'Riga 1\r\nRiga 2', cc: 'f@g.it',
  });
});
it('lets no other header in, and no line into the subject', () => {
  expect(mailtoRequest('MAILTO:a@b.it?Attach=/etc/passwd&From=x@y.it&Subject=a%0D%0ABcc:%20e@f.it')).toEqual({ mode: 'new', to: 'a@b.it', subject: 'a Bcc: e@f.it' });
});
it('survives broken escapes', () => expect(mailtoRequest('mailto:a@b.it?subject=100%')).toEqual({ mode: 'new', to: 'a@b.it', subject: '100%' }));
