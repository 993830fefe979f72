/* pages.h: the index of links, the API's description and the page at /docs: files of the binary, with tags and gzip
 * forms. */
#ifndef ONRECORD_HTTP_PAGES_H
#define ONRECORD_HTTP_PAGES_H

#include "record/exchange.h"

Step page_index(Exchange *x);
Step page_openapi_json(Exchange *x);
Step page_openapi_yaml(Exchange *x);
Step page_docs(Exchange *x);
Step page_docs_file(Exchange *x);

#endif
