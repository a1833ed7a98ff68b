/* rms-inspector: lib/client/inspector.h. */
#include <locale.h>

#include "client/inspector.h"

int main(void)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* what libraries take for the system's characters */
    rms_helper_serve(rms_inspector_operations, RMS_INSPECT_OPERATIONS);
}
