import { packLexicon } from "./pack.ts";

const HEAD =
  `-- Words and emoji with what they say of a person's mood. Made by \`deno task lexicon\` from
-- scripts/sentiment/words, VADER and AFINN; not to be edited here.
--
-- codes has six bits a language (en, es, pt, fr, de; the first are the lowest): 0 nothing, 1 to 45 a
-- valence ((code - 23) / 5), 46 denies what follows, 47 what stands on either side, 48 strengthens,
-- 49 weakens, 50 but, 51 comma or full stop, 52 question mark, 53 exclamation mark, from 54 bad when
-- denied ((code - 53) / 2.5), 63 makes a greeting of the word before. Above them every fifth bit speaks for a language: the five, and all
-- that are not read.

create table private.sentiment_words (
  word text collate "C" primary key,
  codes bigint not null
);
alter table private.sentiment_words enable row level security;
comment on table private.sentiment_words is
  'The lexicon: words in lower case, emoji, punctuation; the same for every workspace. What is changed here counts after private.compile_sentiment_words().';

insert into private.sentiment_words (word, codes)
select split_part(line, ' ', 1), split_part(line, ' ', 2)::bigint
from string_to_table($words$`;

/** The whole migration. */
export async function renderLexicon(): Promise<string> {
  const lines = (await packLexicon()).map(([word, codes]) => `${word} ${codes}`);
  return `${HEAD}${lines.join("\n")}$words$, E'\\n') as line;\n`;
}
