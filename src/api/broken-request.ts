// Bytes that are no HTTP/1.1 request, and clients that are too slow: no route sees them, yet they get the same kind of answer.
import type { Socket } from 'node:net'
import { PROBLEM_CONTENT_TYPE, problem } from './problem.ts'

/** Answers what node:http could not read, and closes the connection. */
export function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  // The parser's complaint about an end in the middle is only the client's leaving.
  if (error.code === 'ECONNRESET' || error.code === 'HPE_INVALID_EOF_STATE' || !socket.writable) {
    socket.destroy()
    return
  }
  const { title, status, detail } = diagnosis(error.code)
  const body = JSON.stringify(problem(status, detail))
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: ${PROBLEM_CONTENT_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    () => socket.destroy(),
  )
}

function diagnosis(code: string | undefined): { title: string; status: number; detail: string } {
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
  const detail = {
    400: `These bytes are no HTTP/1.1 request (${code ?? 'unreadable'}). The API speaks HTTP/1.1 without TLS.`,
    408: 'The request took too long to arrive.',
    431: 'The address and the headers of the request are too long.',
  }[status]
  return { title: problem(status, detail).title, status, detail }
}
