/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What newlib's XDR calls to say something. It is not said: whoever decodes sees that it failed,
 * and a client's mistake is answered to the client.
 */
void xdr_warnx(const char *format, ...);

void xdr_warnx(const char *format, ...)
{
    (void)format;
}
