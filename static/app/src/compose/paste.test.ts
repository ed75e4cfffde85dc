import { describe, expect, it } from 'vitest';
import { cleanPaste, textToHtml, toSchema } from './paste';

const clean = (html: string): string => cleanPaste(html, 'Image');

describe('Word and Outlook', () => {
  it('keeps words and marks, drops the rest', () => {
    expect(clean(`<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!-- /* Font Definitions */ @font-face {font-family:Calibri} --></style>
      <!--[if gte mso 9]><xml><o:OfficeDocumentSettings/></xml><![endif]--></head><body lang=IT style='tab-interval:35.4pt'><!--StartFragment-->
      <p class=MsoNormal style='margin-bottom:0cm'><b><span style='font-family:"Arial",sans-serif;mso-fareast-language:EN-US'>Gentile cliente</span></b><span lang=IT>, le invio<o:p></o:p></span></p>
      <p class=MsoNormal><o:p>&nbsp;</o:p></p>
      <p class=MsoNormal><i style='mso-bidi-font-style:normal'>il preventivo</i>.<o:p></o:p></p><!--EndFragment--></body></html>`))
      .toBe('<p><strong>Gentile cliente</strong>, le invio</p><p></p><p><em>il preventivo</em>.</p>');
  });

  it('makes lists of paragraphs that only look like one', () => {
    expect(clean(`<p class=MsoListParagraphCxSpFirst style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span style='font-family:Symbol;mso-list:Ignore'>·<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span><![endif]>Uno</p>
      <p class=MsoListParagraphCxSpMiddle style='mso-list:l0 level2 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>o<span>&nbsp; </span></span><![endif]>Dentro</p>
      <p class=MsoListParagraphCxSpLast style='mso-list:l0 level1 lfo1'><![if !supportLists]><span style='mso-list:Ignore'>·<span>&nbsp; </span></span><![endif]>Due</p>Dopo <img src=https://x.example/a.png>`))
      .toBe('<ul><li><p>Uno</p><ul><li><p>Dentro</p></li></ul></li><li><p>Due</p></li></ul><p>Dopo [Image]</p>');
  });

  it('keeps numbers as numbers', () => {
    expect(clean(`<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.<span>&nbsp;</span></span>Primo</p><p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>2.<span>&nbsp;</span></span>Secondo</p>`))
      .toBe('<ol><li><p>Primo</p></li><li><p>Secondo</p></li></ol>');
  });

  it('reads a table line by line', () => {
    expect(clean('<table><tr><td><p class=MsoNormal>Voce</p></td><td><p>Prezzo</p></td></tr><tr><td>Sedia</td><td><b>40 €</b></td></tr></table>'))
      .toBe('<p>Voce\tPrezzo</p><p>Sedia\t<strong>40 €</strong></p>');
  });
});

describe('Google Docs and Gmail', () => {
  it('unwraps the bold that is none and reads styles as marks', () => {
    expect(clean(`<meta charset="utf-8"><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr" style="line-height:1.38"><span style="font-size:11pt;font-weight:700;text-decoration:none">Titolo</span><span style="font-style:italic"> corsivo</span></p><br /><ul><li dir="ltr"><p dir="ltr"><span style="font-weight:400">uno</span></p></li><ul><li><p><span>dentro</span></p></li></ul></ul></b>`))
      .toBe('<p><strong>Titolo</strong><em> corsivo</em></p><ul><li><p>uno</p><ul><li><p>dentro</p></li></ul></li></ul>');
  });

  it('follows links past the redirect', () => {
    expect(clean('<a href="https://www.google.com/url?q=https://example.org/a&sa=D"><u><span style="color:#1155cc">qui</span></u></a>')).toBe('<p><a href="https://example.org/a"><u>qui</u></a></p>');
  });

  it('keeps Gmail lines apart', () => {
    expect(clean('<div dir="ltr"><div>Ciao,</div><div><br></div><div>a domani<br>Anna</div></div>')).toBe('<p>Ciao,</p><p></p><p>a domani<br>Anna</p>');
  });

  it('flattens sixteen nested spans into one run', () => {
    expect(clean(`${'<span style="font-weight:bold;color:red">'.repeat(16)}testo${'</span>'.repeat(16)}`)).toBe('<p><strong>testo</strong></p>');
  });
});

describe('what may not come in', () => {
  it('loads no remote picture and says where one was', () => {
    expect(clean('<p>a <img src="https://tracker.example/x.png" alt="Logo"> b <img src="https://t.example/p.gif" width="1" height="1"> <img src="file:///C:/x.png"></p>')).toBe('<p>a [Logo] b [Image]</p>');
  });

  it.each([
    '<img src=x onerror=alert(1)>', '<script>alert(1)</script>', '<svg onload=alert(1)>', '<a href="javascript:alert(1)">x</a>', '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    '<p style="background:url(https://t.example)">x</p>', '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>', '<form action=//e><input name=q>', '<a href="data:text/html,<script>">x</a>',
  ])('%s', (html) => expect(clean(html)).not.toMatch(/onerror|onload|script|javascript|style=|url\(|iframe|form|data:text/i));

  it('the last lock holds by itself', () => {
    expect(toSchema('<p onclick="x()">a<img src="https://t.example/x"><img src="cid:a@b" alt="b"></p><video src=x></video>')).toBe('<p>a<img><img src="cid:a@b" alt="b"></p>');
  });

  it('is quick on deep nonsense', () => {
    const before = performance.now();
    clean(`${'<div><span style="color:red">'.repeat(200)}x`);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});

it('keeps code as it stands', () => expect(clean('<pre><code>a &lt; b\n  c</code></pre>')).toBe('<pre><code>a &lt; b\n  c</code></pre>'));
it('gives plain text a paragraph for each line', () => expect(textToHtml('a <b>\r\n\r\nc')).toBe('<p>a &lt;b&gt;</p><p></p><p>c</p>'));
