/** Reads that ask the same thing at the same time, asked once. */

interface Reading<Answer> {
  answer: Promise<Answer>;
  /** Of those who came since it began. */
  next?: Promise<Answer>;
}

/**
 * Who asks while the same is being asked waits until that has ended, and shares the next reading
 * with all who came meanwhile. A reading that began before somebody asked may have missed what that
 * caller has just written, so nobody is answered with it.
 */
export class SharedReads<Answer> {
  readonly #readings = new Map<string, Reading<Answer>>();

  /** The answer to `question`, which `read` asks for: whoever calls with the same one asks the same. */
  ask(question: string, read: () => Promise<Answer>): Promise<Answer> {
    const running = this.#readings.get(question);
    if (!running) return this.#begin(question, read);
    const begin = () => this.#begin(question, read);
    return running.next ??= running.answer.then(begin, begin);
  }

  #begin(question: string, read: () => Promise<Answer>): Promise<Answer> {
    const reading: Reading<Answer> = { answer: read() };
    this.#readings.set(question, reading);
    const end = () => {
      if (!reading.next) this.#readings.delete(question);
    };
    reading.answer.then(end, end);
    return reading.answer;
  }
}
