/* SPDX-License-Identifier: BSD-2-Clause
 *
 * There is no shell: a program is started by name through init (<lykos/programs.h>), by who holds
 * the right to it. newlib's own system() would look for one, and says that there is.
 */
#include <errno.h>
#include <reent.h>
#include <stdlib.h>

int _system_r(struct _reent *r, const char *command)
{
    if (command == NULL) {
        return 0;
    }
    r->_errno = ENOSYS;
    return -1;
}

int system(const char *command)
{
    return _system_r(_REENT, command);
}
