#include "kv.h"
int main(void) { return 0; }
