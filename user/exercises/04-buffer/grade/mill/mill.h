/* SPDX-License-Identifier: BSD-2-Clause
 *
 * What the mill and the grader say to each other. Each thread of the mill calls the grader: word 0
 * says which thread it is, the others what came of the last answer. The grader answers when there
 * is something to do.
 */
#pragma once

enum mill_thread {
    MILL_PRODUCER_0, /* answer: word 1, an item to put into west */
    MILL_PRODUCER_1,
    MILL_CONSUMER_0, /* call: word 1, an item that was taken out of east; 0: none yet */
    MILL_CONSUMER_1,
    MILL_EASTWARD,  /* call: word 1, items moved. Answer: word 1, so often to try */
    MILL_WESTWARD,  /* the same, the other way */
    MILL_INSPECTOR, /* call: words 1, 2: the fewest and the most items seen in both. Answer: word 1,
                       so often to look */
    MILL_THREADS
};
