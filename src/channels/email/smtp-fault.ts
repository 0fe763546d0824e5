// The parts of the mail library's errors that say what happened.

/** The parts of the mail library's errors that say what happened. */
export interface SmtpFault {
  readonly code?: string | undefined;
  /** The command that was answered. */
  readonly command?: string | undefined;
  /** The SMTP code of the answer that was the fault, where there was one. */
  readonly responseCode?: number | undefined;
  readonly response?: string | undefined;
  readonly recipient?: string | undefined;
  readonly rejectedErrors?: readonly SmtpFault[] | undefined;
  /** Set where the server had not said anything yet. */
  readonly isUnanswered?: boolean | undefined;
  /** Which time ran out, where one did. */
  readonly timeoutType?: string | undefined;
}
