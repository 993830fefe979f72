/* version.h: the version of this program. */
#ifndef ONRECORD_BASE_VERSION_H
#define ONRECORD_BASE_VERSION_H

#define ONRECORD_VERSION "0.1.0"

#endif
