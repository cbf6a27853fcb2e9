/** Reads that ask the same thing at the same time, asked once for all. */

/**
 * How long a reading is waited for until another of the same begins beside it, in milliseconds: one
 * that is held up does not hold up everybody. Sooner they would only be in each other's way.
 */
const PATIENCE = 100;

interface Question<Answer> {
  running: number;
  /** The reading of those who came since the running one began. */
  next?: { answer: Promise<Answer>; begin: () => void };
}

/**
 * Who asks what is being asked already waits until that reading has ended, and shares the next one
 * with all who came meanwhile. A reading that began before somebody asked may have missed what that
 * caller has just written, so nobody is answered with it. Two of the same run at most.
 */
export class SharedReads<Answer> {
  readonly #questions = new Map<string, Question<Answer>>();

  constructor(private readonly patience = PATIENCE) {}

  /** The answer to `text`, which `read` asks for: whoever calls with the same text asks the same. */
  ask(text: string, read: () => Promise<Answer>): Promise<Answer> {
    const question = this.#questions.get(text) ?? { running: 0 };
    this.#questions.set(text, question);
    if (question.running === 0) return this.#begin(text, question, read);
    question.next ??= this.#prepare(text, question, read);
    return question.next.answer;
  }

  #prepare(text: string, question: Question<Answer>, read: () => Promise<Answer>) {
    const { promise: answer, resolve } = Promise.withResolvers<Answer>();
    const begin = () => {
      clearTimeout(timer);
      question.next = undefined;
      resolve(this.#begin(text, question, read));
    };
    const timer = setTimeout(() => {
      if (question.running === 1) begin();
    }, this.patience);
    return { answer, begin };
  }

  #begin(text: string, question: Question<Answer>, read: () => Promise<Answer>): Promise<Answer> {
    question.running++;
    const answer = read();
    const end = () => {
      question.running--;
      if (question.next) question.next.begin();
      else if (question.running === 0) this.#questions.delete(text);
    };
    answer.then(end, end);
    return answer;
  }
}
