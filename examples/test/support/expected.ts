// What each example prints: the same in both languages, but for what is said here.

export interface Expected {
  readonly name: string;
  /** Of the client. */
  readonly client: string;
  /** Of a client on Twisted, if it is anything else. */
  readonly pythonClient?: string;
  /** Of the server, for one client, without its READY line. */
  readonly server: string;
  /** What the server logs, and what it must not. */
  readonly logged?: RegExp;
  readonly notLogged?: RegExp;
  /** The client ends the server. */
  readonly serverEnds?: true;
  /** What is different when the server is on Twisted: what a client in TypeScript is told of it, and what it logs besides. */
  readonly onTwisted?: { readonly args?: readonly string[]; readonly logged?: RegExp };
}

const trapCalls = (two: string) => `\
callOne: a safe argument
  it worked: response
callTwo: a dangerous argument
  ${two}
callThree: an error over there
  they raised a MyException
telling them to shut down
callFour: a stale reference
  a stale reference: they have gone
`;

/** Not among them: the calculator, which has no fixed output, and what is typed into, the stock and the chat. */
export const examples: readonly Expected[] = [
  {
    name: "pbsimple",
    client: "server echoed: hello network\n",
    server: "echoing: hello network\n",
  },
  {
    name: "pb1",
    client: "three(12) is 36\nthree(14) is 42\n",
    server: "returning a Two\nTwo.three was given 12\nreturning a Two\nTwo.three was given 14\n",
  },
  {
    name: "pb2",
    client: `\
asking One for its Two
giving it back
One says: the same
and here it is the same
`,
    server: `\
One.getTwo: here is my Two
One.checkTwo: our Twos are the same
One.getTwo: here is my Two
`,
  },
  {
    name: "pb3",
    client: "giving One our Two\nTwo.print was called with 12\nOne has had its Two\n",
    server: "received a Two, telling it to print 12\n",
  },
  {
    name: "exceptions",
    client: `\
broken: __main__.MyError: fall down go boom
  an expected error
  to be precise, a MyError
broken2: __main__.MyError2: hadda owie
  an unexpected error
`,
    server: "raising a MyError\nraising a MyError2\n",
    logged: /hadda owie/,
    notLogged: /fall down go boom/,
  },
  {
    name: "trap",
    client: trapCalls("refused here: this must not be sent"),
    pythonClient: trapCalls("refused there: a class that they do not know"),
    server: "shutting down\n",
    serverEnds: true,
  },
  {
    name: "copy",
    client: `\
they have received a green pond with 5 animals
their frog: Kermit has croaked 3 times
our frog: Kermit has croaked 0 times
they do not know a Puddle
`,
    server: "received a green pond with 5 animals\nreceived a frog: Kermit has croaked 0 times\n",
    onTwisted: { logged: /InsecureJelly/ },
  },
  {
    name: "users",
    client: `\
a guest reads: welcome
a guest cannot write
a wrong password is refused
alice reads: welcome, alice: I was here
`,
    server: "a guest has come\na guest has gone\nalice has come\nalice has gone\n",
    onTwisted: { args: ["md5"], logged: /UnauthorizedLogin/ },
  },
];
