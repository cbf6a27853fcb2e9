/** Reads that ask the same thing at the same time, asked once for all. */

/** How often the same is asked at the same time: one that is held up does not hold up everybody. */
const AT_ONCE = 2;

interface Question<Answer> {
  running: number;
  /** The reading of those who came since the running ones began. */
  next?: { answer: Promise<Answer>; begin: () => void };
}

/**
 * Who asks what is being asked already waits until a reading has ended, and shares the next one with
 * all who came meanwhile. A reading that began before somebody asked may have missed what that
 * caller has just written, so nobody is answered with it.
 */
export class SharedReads<Answer> {
  readonly #questions = new Map<string, Question<Answer>>();

  constructor(private readonly atOnce = AT_ONCE) {}

  /** The answer to `text`, which `read` asks for: whoever calls with the same text asks the same. */
  ask(text: string, read: () => Promise<Answer>): Promise<Answer> {
    const question = this.#questions.get(text) ?? { running: 0 };
    this.#questions.set(text, question);
    if (question.running < this.atOnce) return this.#begin(text, question, read);
    if (!question.next) {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      const begin = () => resolve(this.#begin(text, question, read));
      question.next = { answer: promise, begin };
    }
    return question.next.answer;
  }

  #begin(text: string, question: Question<Answer>, read: () => Promise<Answer>): Promise<Answer> {
    question.running++;
    const answer = read();
    const end = () => {
      question.running--;
      const { next } = question;
      question.next = undefined;
      if (next) next.begin();
      else if (question.running === 0) this.#questions.delete(text);
    };
    answer.then(end, end);
    return answer;
  }
}
